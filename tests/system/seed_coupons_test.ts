/**
 * Do the requests that the read-mes of the systems before this one document answer as they document it? Those of
 * coupons, users and segments, as they are printed there, host and port aside; sales are in seed_sales_test.ts. Where two
 * read-mes contradict, the README's table says which holds.
 */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { freshDatabase } from "../support/database.ts";
import { curl } from "../support/curl.ts";
import { ask, claim, startNode } from "../support/node.ts";
import { sendRaw } from "../support/raw.ts";
import { until } from "../support/until.ts";

/** Runs on a node with the settings that it has by default. */
function test(seed: string, behaviour: string, body: (url: string) => Promise<void>): void {
  Deno.test(`${seed}: ${behaviour}`, async () => {
    const node = await startNode({ databaseUrl: await freshDatabase() });
    try {
      await body(node.url);
    } finally {
      await node.kill();
    }
  });
}

/** How often each status came. */
function countsOf(replies: readonly { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of replies) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

const GO_CHALLENGE = "seed 000, go-challenge";

/** As its read-me prints it. */
const NEW_USER = `{
    "ID":"fsas42aa3af",
    "segment":"1aa1x",
    "expiredSegment":1655209411
}`;

/** No command is printed: the request's data is, and it is JSON. */
function createUser(url: string, body: string): Promise<{ status: number; text: string }> {
  const headers = { host: "localhost:8000", "content-type": "application/json", "content-length": String(body.length) };
  return sendRaw(url, "POST", "/users", headers, body);
}

test(GO_CHALLENGE, "POST /users makes a user; GET /segments/count counts each segment's users", async (url) => {
  const made = await createUser(url, NEW_USER);
  assert(made.status === 200 || made.status === 201, made.text);
  const count = async () => JSON.parse((await sendRaw(url, "GET", "/segments/count", { host: "localhost:8000" })).text);
  assert.deepEqual(await count(), [], "the example's membership expired in 2022");
  const expiredSegment = Math.floor(Date.now() / 1_000) + 3_600;
  for (const [ID, segment] of [["a", "RU"], ["b", "RU"], ["c", "z12XTowIA2"]]) {
    const { status, text } = await createUser(url, JSON.stringify({ ID, segment, expiredSegment }));
    assert(status === 200 || status === 201, text);
  }
  const sorted = async (): Promise<{ title: string; usersCount: number }[]> =>
    (await count()).toSorted((one: { title: string }, other: { title: string }) => one.title < other.title ? -1 : 1);
  const expected = [{ title: "RU", usersCount: 2 }, { title: "z12XTowIA2", usersCount: 1 }];
  // A count may be a second old.
  await until(async () => isDeepStrictEqual(await sorted(), expected), { what: "both segments to be counted" });
});

test(GO_CHALLENGE, "a charge code goes to as many users as it has uses, to each once, with its credit", async (url) => {
  const body = { name: "CHARGE", amount: 3, kind: "charge", credit: "1000000" };
  assert.equal((await ask(url, "POST", "/api/coupons", body)).status, 201);
  const users = Array.from({ length: 10 }, (_, n) => `user_${n}`);
  const replies = await Promise.all(users.map((user) => claim(url, user, "CHARGE")));
  assert.deepEqual(countsOf(replies), { 200: 3, 400: 7 }, "its read-me says 404 where no use is left: see the README");
  const winner = users[replies.findIndex(({ status }) => status === 200)]!;
  assert.equal((await claim(url, winner, "CHARGE")).status, 409);
  const balances = await Promise.all(users.map((user) => ask(url, "GET", `/api/users/${user}`)));
  const held = balances.map(({ status, body }) => status === 200 ? Number(body.balance) : 0);
  assert.equal(held.reduce((sum, balance) => sum + balance, 0), 3_000_000);
});

const COUPON_BE = "seed 001, coupon-be";

test(COUPON_BE, "its health check, its users, its coupon, and all its users at once on it", async (url) => {
  const health = await curl(url, "curl http://localhost:9000/healthcheck");
  assert.deepEqual([health.status, JSON.parse(health.text).status], [200, "healthy"]);
  const registered = await curl(url, "curl http://localhost:9000/api/users/register");
  assert(registered.status === 200 || registered.status === 201, registered.text);
  const made = await curl(
    url,
    `curl --request POST \\
      --url http://localhost:9000/api/coupons \\
      --header 'content-type: application/json' \\
      --data '{
        "name": "COUPON_TEST",
        "amount": 10
      }'`,
  );
  assert.equal(made.status, 201, made.text);
  const users = Array.from({ length: 101 }, (_, n) => `user_${n}`);
  const found = await Promise.all([users[0], users[100]].map((user) => ask(url, "GET", `/api/users/${user}`)));
  assert.deepEqual(found.map(({ status, body }) => [status, body.id]), [[200, "user_0"], [200, "user_100"]]);
  const replies = await Promise.all(users.map((user) => claim(url, user, "COUPON_TEST")));
  assert.deepEqual(countsOf(replies), { 200: 10, 400: 91 });
  const { body } = await ask(url, "GET", "/api/coupons/COUPON_TEST");
  assert.deepEqual([body.amount, body.remaining_amount, body.claimed_by!.length], [10, 0, 10]);
  assert.equal((await curl(url, "curl http://localhost:9000/api/users/register")).status, registered.status);
});

const COUPON_SYSTEM = "seed 002, coupon-system";

test(COUPON_SYSTEM, "its health check says exactly what its read-me expects", async (url) => {
  const { status, text } = await curl(url, "curl http://localhost:8080/health");
  assert.deepEqual([status, text], [200, '{"status":"healthy"}']);
});

const CREATE = `curl -X POST http://localhost:8080/api/coupons \\
  -H "Content-Type: application/json" \\
  -d '{"name":"PROMO_SUPER","amount":100}'`;
const CLAIM = `curl -X POST http://localhost:8080/api/coupons/claim \\
  -H "Content-Type: application/json" \\
  -d '{"user_id":"user_12345","coupon_name":"PROMO_SUPER"}'`;
const SHOW = "curl http://localhost:8080/api/coupons/PROMO_SUPER";
const UPDATE = "curl -X PUT http://localhost:8080/api/coupons/PROMO_SUPER";

test(COUPON_SYSTEM, "create, claim, show and update answer as documented", async (url) => {
  assert.equal((await curl(url, CLAIM)).status, 404, "coupon not found");
  assert.equal((await curl(url, CREATE)).status, 201);
  assert.equal((await curl(url, CLAIM)).status, 200, "claim successful");
  assert.equal((await curl(url, CLAIM)).status, 409, "the user already claimed");
  const second = await curl(url, CLAIM.replace("user_12345", "user_67890"));
  assert.equal(second.status, 200);
  const shown = await curl(url, SHOW);
  const { name, amount, remaining_amount, claimed_by } = JSON.parse(shown.text);
  assert.deepEqual([shown.status, { name, amount, remaining_amount, claimed_by }], [200, {
    name: "PROMO_SUPER",
    amount: 100,
    remaining_amount: 98,
    claimed_by: ["user_12345", "user_67890"],
  }]);
  for (const command of [UPDATE, UPDATE.replace("PUT", "PATCH")]) {
    const updated = await curl(url, command);
    const { message, rows_affected } = JSON.parse(updated.text);
    assert.deepEqual([updated.status, message, rows_affected], [200, "Coupon updated successfully", 1]);
  }
  assert.equal((await curl(url, CLAIM.replace(/"user_id":"user_12345",/, ""))).status, 400, "invalid request");
});

/** As printed, each of the loop's commands at once. */
function atOnce(url: string, command: string, times: number): Promise<{ status: number }[]> {
  return Promise.all(Array.from({ length: times }, (_, n) => curl(url, command, { i: String(n + 1) })));
}

test(COUPON_SYSTEM, "flash sale: 50 users at once for 5 items are exactly 5 claims, 0 remaining", async (url) => {
  const create = `curl -X POST http://localhost:8080/api/coupons \\
  -H "Content-Type: application/json" \\
  -d '{"name":"FLASH_SALE","amount":5}'`;
  const claims = `curl -X POST http://localhost:8080/api/coupons/claim \\
    -H "Content-Type: application/json" \\
    -d "{\\"user_id\\":\\"user_$i\\",\\"coupon_name\\":\\"FLASH_SALE\\"}"`;
  assert.equal((await curl(url, create)).status, 201);
  assert.deepEqual(countsOf(await atOnce(url, claims, 50)), { 200: 5, 400: 45 });
  const { claimed_by, remaining_amount } = JSON.parse(
    (await curl(url, "curl http://localhost:8080/api/coupons/FLASH_SALE")).text,
  );
  assert.deepEqual([claimed_by.length, new Set(claimed_by).size, remaining_amount], [5, 5, 0]);
});

test(COUPON_SYSTEM, "double dip: one user 10 times at once is exactly 1 claim, 9 remaining", async (url) => {
  const create = `curl -X POST http://localhost:8080/api/coupons \\
  -H "Content-Type: application/json" \\
  -d '{"name":"DOUBLE_DIP","amount":10}'`;
  const claims = `curl -X POST http://localhost:8080/api/coupons/claim \\
    -H "Content-Type: application/json" \\
    -d '{"user_id":"same_user","coupon_name":"DOUBLE_DIP"}'`;
  assert.equal((await curl(url, create)).status, 201);
  assert.deepEqual(countsOf(await atOnce(url, claims, 10)), { 200: 1, 409: 9 });
  const { claimed_by, remaining_amount } = JSON.parse(
    (await curl(url, "curl http://localhost:8080/api/coupons/DOUBLE_DIP")).text,
  );
  assert.deepEqual([claimed_by, remaining_amount], [["same_user"], 9]);
});
