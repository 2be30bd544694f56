/** Does every act of an administrator leave its trail before it is done, and nothing that should not be told? */
import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { itemIdOf } from "../../../src/domain/sale_ids.ts";
import { answer } from "../../../src/http/answers/answer.ts";
import { onFields } from "../../../src/http/auth/authority.ts";
import { Target } from "../../../src/http/requests/target.ts";
import { Trail } from "../../../src/http/auth/trail.ts";
import { get, makeEdge, post, type TestEdge, withEdge } from "../../support/edge.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { MemoryActs } from "../../support/memory_acts.ts";
import { KEY, newCode, NUMBER, open, settingsOf } from "../../support/sale_commands.ts";
import { ADMIN_TOKEN, bearer, knownCallers, SERVICE_TOKEN, userToken } from "../../support/tokens.ts";
import { until } from "../../support/until.ts";

const admin = bearer(ADMIN_TOKEN);
const FROM = { remoteAddr: { hostname: "10.1.2.3" } };

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
type Answer = { status: number; body: any };

function test(name: string, body: (edge: TestEdge) => Promise<void>, trustProxy = false): void {
  const ready = async (edge: TestEdge) => {
    await edge.sales.ask(KEY, open(5));
    await body(edge);
  };
  Deno.test(name, () => withEdge(ready, 10_000, settingsOf(), { callers: knownCallers(new FakeClock()), trustProxy }));
}

async function say(edge: TestEdge, request: Request): Promise<Answer> {
  const response = await edge.fetch(request, FROM);
  return { status: response.status, body: await response.json() };
}

/** The acts so far, in their order, each in a line. */
function trail({ acts }: TestEdge): string[] {
  return acts.rows.map(({ caller, act, target, status, code }) =>
    `${caller} ${act} [${target.join(" + ")}] ${status} ${code}`
  );
}

test("every kind of act is recorded with what became of it, the refused ones too", async (edge) => {
  const coupon = { name: "Promo", amount: 2 };
  const requests = [
    post("/api/coupons", coupon, admin),
    post("/api/coupons", coupon, admin),
    post("/api/coupons", { name: "Promo", amount: 0 }, admin),
    post("/api/coupons", "{", admin),
    post("/api/coupons", { name: 7 }, admin),
    post("/api/coupons/promo", { amount: 3 }, admin, "PATCH"),
    post("/api/coupons/none", { amount: 3 }, admin, "PUT"),
    get("/api/coupons/promo/claims/ann", "DELETE", admin),
    post(`/api/sales/${KEY}`, { paused: false }, admin, "PATCH"),
    get("/api/sales/current/attempts", "GET", admin),
    get("/api/coupons/%ff/claims/ann", "DELETE", admin),
  ];
  for (const request of requests) await say(edge, request);
  assert.deepEqual(trail(edge), [
    "admin coupon.create [Promo] 201 null",
    "admin coupon.create [Promo] 409 coupon_exists",
    "admin coupon.create [Promo] 400 invalid_request",
    "admin coupon.create [] 400 invalid_request",
    "admin coupon.create [] 400 invalid_request",
    "admin coupon.edit [promo] 200 null",
    "admin coupon.edit [none] 404 coupon_not_found",
    "admin claim.void [promo + ann] 404 claim_not_found",
    `admin sale.edit [${KEY}] 200 null`,
    "admin sale.attempts [current] 200 null",
    "admin claim.void [] 400 invalid_request",
  ]);
  const [first] = edge.acts.rows;
  assert.equal(first!.address, "10.1.2.3");
  assert.match(first!.requestId, /^[\w-]+$/);
});

test("acts on different targets never read the same", async (edge) => {
  const path = (coupon: string, user: string) =>
    `/api/coupons/${encodeURIComponent(coupon)}/claims/${encodeURIComponent(user)}`;
  const pairs = [["a b", "c"], ["a", "b c"], ["a", "b"], ["a b c", "x"], ['a","b', "c"], ["a + b", "c"], ["a,b", "c"]];
  for (const [coupon, user] of pairs) await say(edge, get(path(coupon!, user!), "DELETE", admin));
  const bodies: [unknown, string[]][] = [
    [{ ID: "a b", segment: "c", expiredSegment: 1 }, ["a b", "c"]],
    [{ ID: "a", segment: "b c", expiredSegment: 1 }, ["a", "b c"]],
    [{ ID: "a", segment: 7 }, ["a"]],
    [{ ID: "", segment: "a" }, ["", "a"]],
    [{ segment: "a" }, []],
    [["a"], []],
    [null, []],
  ];
  for (const [body] of bodies) await say(edge, post("/users", body, admin));
  assert.deepEqual(edge.acts.rows.map(({ target }) => target), [...pairs, ...bodies.map(([, target]) => target)]);
  const { body: { data } } = await say(edge, get("/api/audit?limit=1000", "GET", admin));
  assert.deepEqual(
    data.map(({ target }: { target: string[] }) => target).reverse(),
    edge.acts.rows.map(({ target }) => target),
  );
});

test("a valid name is recorded whole, however its characters are composed", async (edge) => {
  const names = ["\u1112\u1161\u11ab".repeat(255), "\u{1d538}".repeat(255), "\u03b1\u0313\u0300\u0345".repeat(255)];
  for (const name of names) {
    assert.equal((await say(edge, post("/api/coupons", { name, amount: 1 }, admin))).status, 201);
  }
  assert.deepEqual(edge.acts.rows.map(({ target }) => target), names.map((name) => [name]));
});

test("an act by someone who may not is recorded and not done; without a token it is neither", async (edge) => {
  const token = await userToken("eve", edge.clock.now());
  for (const shown of [bearer(token), bearer(SERVICE_TOKEN), bearer("forged"), {}]) {
    await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, shown));
    await say(edge, get(`/api/sales/${KEY}/attempts`, "GET", shown));
  }
  assert.deepEqual(trail(edge), [
    "user:eve coupon.create [] 403 forbidden",
    `user:eve sale.attempts [${KEY}] 403 forbidden`,
    "service coupon.create [] 403 forbidden",
    `service sale.attempts [${KEY}] 403 forbidden`,
  ]);
  assert.equal((await say(edge, get("/api/coupons/promo"))).status, 404);
});

test("refused acts of one caller are recorded sixty times a minute, those of others and of administrators all the same", async (edge) => {
  const eve = bearer(await userToken("eve", edge.clock.now()));
  for (let time = 0; time < 70; time++) {
    assert.equal((await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, eve))).status, 403);
  }
  assert.equal(edge.acts.rows.length, 60);
  await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, bearer(SERVICE_TOKEN)));
  for (let time = 0; time < 70; time++) await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, admin));
  assert.equal(edge.acts.rows.length, 131);
  await edge.clock.advance(1_000);
  await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, eve));
  assert.equal(edge.acts.rows.length, 132, "and again after a second");
});

test("no key, token or code comes into the trail as a request's id, under whichever header", async (edge) => {
  const code = `${KEY}.${newCode()}`;
  const key = "the-key-of-this-request";
  for (const header of ["x-request-id", "correlation-id", "x-trace-id"]) {
    for (const id of [code, `x-${code}`, key, `${key}-1`, ADMIN_TOKEN, `${ADMIN_TOKEN}.`]) {
      const headers = { ...admin, "idempotency-key": key, [header]: id };
      const response = await edge.fetch(post("/api/coupons", { name: "Promo", amount: 2 }, headers), FROM);
      const { requestId } = edge.acts.rows.at(-1)!;
      assert.match(requestId, /^[0-9a-f]{8}-\d+$/, `${header}: ${id}`);
      for (const told of ["x-request-id", "correlation-id", "x-trace-id"]) {
        assert.equal(response.headers.get(told), requestId, `${header}: ${id}`);
      }
      await response.body?.cancel();
    }
  }
});

test("what is no act leaves no trail", async (edge) => {
  await say(edge, post("/api/coupons/claim", { user_id: "a", coupon_name: "x" }, admin));
  for (const path of ["/api/coupons", "/api/audit", "/cluster", `/api/sales/${KEY}`, "/livez"]) {
    assert.equal((await say(edge, get(path, "GET", admin))).status, 200, path);
  }
  assert.deepEqual(trail(edge), []);
});

test("an act that cannot be recorded is not done", async (edge) => {
  edge.acts.failures.push(new Fault("storage_unavailable", "none"));
  const refused = await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, admin));
  assert.deepEqual([refused.status, refused.body.code], [503, "storage_unavailable"]);
  assert.equal((await say(edge, get("/api/coupons/promo"))).status, 404);
});

test("an act whose end cannot be recorded was done, says so, and is told to the log", async (edge) => {
  const { begin } = edge.acts;
  edge.acts.begin = async (act) => {
    const id = await begin.call(edge.acts, act);
    edge.acts.failures.push(new Fault("storage_unavailable", "none"));
    return id;
  };
  assert.equal((await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, admin))).status, 201);
  assert.deepEqual(trail(edge), ["admin coupon.create [Promo] null null"]);
  assert.equal(edge.untold.length, 1);
});

test("an act is recorded before it is done", async (edge) => {
  const { begin } = edge.acts;
  edge.acts.begin = async (act) => {
    assert.equal((await say(edge, get("/api/coupons/promo"))).status, 404, "not yet");
    return await begin.call(edge.acts, act);
  };
  assert.equal((await say(edge, post("/api/coupons", { name: "Promo", amount: 2 }, admin))).status, 201);
});

test("no code comes into the trail, wherever it stands; of one that is voided its sale is told", async (edge) => {
  const held = await say(edge, get(`/checkout?user_id=ann&id=${itemIdOf(NUMBER, 1)}`, "POST", admin));
  const { code } = held.body;
  await say(edge, get(`/purchase?code=${code}`, "POST", admin));
  assert.equal((await say(edge, get(`/purchase?code=${code}`, "DELETE", admin))).status, 200);
  await say(edge, get("/purchase", "DELETE", admin));
  await say(edge, get(`/purchase?code=${newCode()}`, "DELETE", admin));
  await say(edge, get(`/api/sales/${code}/attempts`, "GET", admin));
  await say(edge, get(`/api/coupons/${code}/claims/${code}`, "DELETE", admin));
  await say(edge, post("/api/coupons", { name: `x ${code}`, amount: "1" }, admin));
  assert(!JSON.stringify(edge.acts.rows).includes(code.split(".")[1]));
  assert.deepEqual(trail(edge), [
    `admin purchase.void [${KEY}] 200 null`,
    "admin purchase.void [] 400 invalid_request",
    "admin purchase.void [] 404 code_unknown",
    "admin sale.attempts [] 404 sale_not_found",
    `admin claim.void [${KEY} + ${KEY}] 404 claim_not_found`.replace("claim_not", "coupon_not"),
    `admin coupon.create [x ${KEY}] 400 invalid_request`,
  ]);
});

test("a name that no database takes is made one that it does", async (edge) => {
  await say(edge, get("/api/coupons/a%00b/claims/%0a", "DELETE", admin));
  await say(edge, post("/api/coupons", { name: "\ud800" + "x".repeat(5_000), amount: 1 }, admin));
  assert.deepEqual(edge.acts.rows[0]!.target, ["a\ufffdb", "\ufffd"]);
  const [name, ...none] = edge.acts.rows[1]!.target;
  assert(name!.isWellFormed() && name!.length === 2_049 && name!.endsWith("x\u2026"));
  assert.deepEqual(none, []);
});

test("X-Forwarded-For is not believed, unless a proxy is trusted", async (edge) => {
  await say(edge, post("/api/coupons/x", {}, { ...admin, "x-forwarded-for": "203.0.113.9" }, "PATCH"));
  assert.equal(edge.acts.rows[0]!.address, "10.1.2.3");
});

test("of a trusted proxy's X-Forwarded-For the last entry counts, which it wrote itself", async (edge) => {
  const cases: [string, string][] = [
    ["203.0.113.9", "203.0.113.9"],
    ["1.1.1.1, 2.2.2.2,2001:db8::7", "2001:db8::7"],
    ["1.1.1.1,", "10.1.2.3"],
    ["<script>", "unknown"],
  ];
  for (const [forwarded, expected] of cases) {
    await say(edge, post("/api/coupons/x", {}, { ...admin, "x-forwarded-for": forwarded }, "PATCH"));
    assert.equal(edge.acts.rows.at(-1)!.address, expected);
  }
}, true);

test("GET /api/audit tells acts in pages, the newest first", async (edge) => {
  for (const name of ["a", "b", "c"]) {
    await say(edge, post("/api/coupons", { name, amount: 1 }, { ...admin, "x-request-id": `r-${name}` }));
  }
  const first = await say(edge, get("/api/audit?limit=2", "GET", admin));
  assert.deepEqual(first.body.data[0], {
    id: 3,
    at: "2026-11-21T14:00:00.000Z",
    caller: "admin",
    act: "coupon.create",
    target: ["c"],
    address: "10.1.2.3",
    request_id: "r-c",
    status: 201,
    code: null,
  });
  const second = await say(edge, get(`/api/audit?limit=2&cursor=${first.body.next_cursor}`, "GET", admin));
  assert.deepEqual(second.body.data.map(({ target }: { target: string[] }) => target), [["a"]]);
  assert.equal(second.body.next_cursor, null);
  for (const query of ["cursor=x", "limit=0", "limit=1001", `cursor=${btoa("claims:1").replaceAll("=", "")}`]) {
    assert.equal((await say(edge, get(`/api/audit?${query}`, "GET", admin))).status, 400, query);
  }
});

Deno.test("an edge that asks no one records acts as well", async () => {
  const edge = makeEdge();
  await edge.fetch(post("/api/coupons", { name: "a", amount: 1 }));
  assert.deepEqual(trail(edge), ["open coupon.create [a] 201 null"]);
  assert.equal(edge.acts.rows[0]!.address, "unknown");
  edge.close();
});

Deno.test("an act is answered once what became of it is recorded, and is told what its body says", async () => {
  const acts = new MemoryActs(new FakeClock());
  const { promise, resolve } = Promise.withResolvers<void>();
  const complete = acts.complete.bind(acts);
  acts.complete = async (...outcome) => (await promise, await complete(...outcome));
  const trail = new Trail({ acts, trustProxy: false, clock: new FakeClock(), incomplete: assert.fail });
  const request = post("/api/coupons", { name: "Promo" });
  const id = { id: "request", echoed: false };
  let isAnswered = false;
  const performed = trail.perform(
    onFields("coupon.create", "name"),
    { request, target: new Target(request.url), id, caller: { kind: "admin" }, names: [] },
    FROM,
    () => Promise.resolve({ name: "Promo" }),
    () => answer(201, id, "{}"),
  ).then(({ response }) => (isAnswered = true, response.json()));
  await until(() => acts.rows.length === 1, { what: "the act to be begun", everyMs: 1 });
  await settle();
  assert.deepEqual([isAnswered, acts.rows[0]!.status], [false, null]);
  resolve();
  assert.deepEqual(await performed, {});
  assert.deepEqual(acts.rows[0]!.target, ["Promo"]);
  assert.equal(acts.rows[0]!.status, 201);
});
