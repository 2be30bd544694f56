/** Is no user served more often than allowed, and is each told where they stand? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { Fault } from "../../../src/ports/mod.ts";
import { BadRequest } from "../../../src/http/answers/answer.ts";
import { RateLimiter } from "../../../src/http/auth/rate_limit.ts";
import { get, makeEdge } from "../../support/edge.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { KEY, NUMBER, open, settingsOf } from "../../support/sale_commands.ts";
import { ADMIN_TOKEN, bearer, knownCallers, SERVICE_TOKEN, userToken } from "../../support/tokens.ts";
import { itemIdOf } from "../../../src/domain/sale_ids.ts";

const MINUTE_MS = 60_000;

Deno.test("take() allows a burst of the whole quota, then one each time that a part of the minute has passed", async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter("x", 6, clock);
  const burst = Array.from({ length: 8 }, () => limiter.take("u"));
  assert.deepEqual(burst.map(({ allowed }) => allowed), [true, true, true, true, true, true, false, false]);
  assert.deepEqual(burst.map(({ remaining }) => remaining), [5, 4, 3, 2, 1, 0, 0, 0]);
  assert.deepEqual(burst.map(({ resetMs }) => resetMs / 1_000), [10, 20, 30, 40, 50, 60, 60, 60]);
  assert.deepEqual(burst.at(-1)!.waitMs, 10_000, "a refusal costs nothing");
  assert(limiter.take("v").allowed, "another user has a quota of their own");
  await clock.advance(9_999);
  assert.equal(limiter.take("u").waitMs, 1);
  await clock.advance(1);
  assert(limiter.take("u").allowed);
  assert(!limiter.take("u").allowed);
  await clock.advance(MINUTE_MS);
  assert.equal(limiter.take("u").remaining, 5, "whole again");
});

Deno.test("take(): in any stretch of time a user gets the quota and what flows in at most, and always that much", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 100 }),
    fc.array(fc.integer({ min: 0, max: 30_000 }), { maxLength: 300 }),
    (quota, waits) => {
      const time = { now: 0, monotonic: () => time.now };
      const limiter = new RateLimiter("x", quota, time);
      const allowedAt: number[] = [];
      for (const wait of waits) {
        time.now += wait;
        const { allowed, remaining, waitMs } = limiter.take("u");
        const since = (ms: number) => allowedAt.filter((at) => at > time.now - ms).length;
        if (allowed) allowedAt.push(time.now);
        else assert(since(MINUTE_MS) > 0 && waitMs > 0, "no one is refused who did not ask");
        assert(remaining >= 0 && remaining < quota);
      }
      for (const [first, from] of allowedAt.entries()) {
        for (let last = first; last < allowedAt.length; last++) {
          const most = quota + (allowedAt[last]! - from) * quota / MINUTE_MS;
          assert(last - first + 1 <= most + 1e-6, `${last - first + 1} of ${most}`);
        }
      }
      if (waits.length > 0 && waits.every((wait) => wait >= MINUTE_MS / quota)) {
        assert.equal(allowedAt.length, waits.length);
      }
    },
  ));
});

Deno.test("take() forgets whom it need not know, and knows so many at most", async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter("x", 60, clock, 100);
  for (let n = 0; n < 1_000; n++) limiter.take(`u${n}`);
  assert(limiter.size <= 200, String(limiter.size));
  await clock.advance(MINUTE_MS);
  limiter.take("a");
  await clock.advance(MINUTE_MS);
  limiter.take("a");
  assert(limiter.size <= 2, "who has the whole quota is not kept");
});

Deno.test("take() does not forget a user at the turn of its memory", async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter("x", 2, clock);
  limiter.take("other");
  await clock.advance(MINUTE_MS - 1);
  assert.deepEqual([1, 2, 3].map(() => limiter.take("u").allowed), [true, true, false]);
  await clock.advance(1);
  assert(!limiter.take("u").allowed);
  await clock.advance(29_998);
  assert(!limiter.take("u").allowed);
  await clock.advance(1);
  assert(limiter.take("u").allowed);
});

const item = (n: number) => itemIdOf(NUMBER, n);

Deno.test("POST /checkout is counted for each user, by either token and either spelling; 429 says when to come again", async () => {
  const clock = new FakeClock();
  const edge = makeEdge(10_000, settingsOf({ limit: 100 }), {
    callers: knownCallers(clock),
    limiter: (clock) => new RateLimiter("checkout", 3, clock),
  });
  await edge.sales.ask(KEY, open(50));
  const token = await userToken("ann", clock.now());
  const say = async (path: string, shown: string, method = "POST") => {
    const { status, headers, body } = await edge.fetch(get(path, method, bearer(shown)));
    await body?.cancel();
    return [status, headers.get("ratelimit"), headers.get("ratelimit-policy"), headers.get("retry-after")];
  };
  const policy = '"checkout";q=3;w=60';
  const first = await edge.fetch(get(`/checkout?user_id=ann&id=${item(1)}`, "POST", bearer(token)));
  const { code } = await first.json();
  assert.deepEqual([first.headers.get("ratelimit"), first.headers.get("ratelimit-policy")], [
    '"checkout";r=2;t=20',
    policy,
  ]);
  assert.deepEqual(await say(`/checkout?user_id=ann&id=${item(1)}`, token), [200, '"checkout";r=1;t=40', policy, null]);
  assert.deepEqual(await say(`/checkout?user_id=ann&id=x`, SERVICE_TOKEN), [404, '"checkout";r=0;t=60', policy, null]);
  assert.deepEqual(await say(`/checkout?code=${code}`, token), [200, null, null, null], "a purchase is not counted");
  for (const shown of [token, SERVICE_TOKEN]) {
    const told = await say(`/%63heckout?user_id=ann&item_id=${item(2)}`, shown);
    assert.deepEqual(told, [429, '"checkout";r=0;t=60', policy, "20"]);
  }
  assert.equal((await say(`/checkout?user_id=bob&id=${item(2)}`, SERVICE_TOKEN))[0], 200, "another user's own");
  for (let n = 3; n < 10; n++) {
    assert.deepEqual(await say(`/checkout?user_id=ann&id=${item(n)}`, ADMIN_TOKEN), [200, null, null, null]);
  }
  for (const [method, path] of [["POST", "/purchase"], ["GET", "/checkout"], ["DELETE", "/checkout"]] as const) {
    assert.notEqual((await say(`${path}?code=${code}`, token, method))[0], 429, "checkouts alone are counted");
  }
  edge.close();
});

Deno.test("around() says what is left beside whatever the request comes to", async () => {
  const limiter = new RateLimiter("checkout", 3, new FakeClock());
  const id = { id: "request", echoed: false };
  const errors = [new BadRequest("invalid_request"), new Fault("storage_unavailable", "silent"), new Error("a bug")];
  for (const [place, error] of errors.entries()) {
    const { response, error: told } = await limiter.around("ann", id, () => Promise.reject(error));
    assert.deepEqual([response.status, told], [[400, 503, 500][place], place === 0 ? undefined : error]);
    assert.equal(response.headers.get("ratelimit"), `"checkout";r=${2 - place};t=${20 * (place + 1)}`);
  }
});

Deno.test("an edge that asks no one counts for whom it is asked", async () => {
  const edge = makeEdge(10_000, settingsOf(), { limiter: (clock) => new RateLimiter("checkout", 1, clock) });
  await edge.sales.ask(KEY, open(50));
  for (const [user, n, wanted] of [["ann", 1, 200], ["ann", 2, 429], ["bob", 2, 200], ["bob", 3, 429]] as const) {
    const { status } = await edge.fetch(get(`/checkout?user_id=${user}&id=${item(n)}`, "POST"));
    assert.equal(status, wanted, `${user} ${n}`);
  }
  edge.close();
});
