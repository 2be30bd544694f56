/** Are segments counted as documented over real HTTP, by one server and by two on one database? */
import assert from "node:assert/strict";
import { DATABASES, freshDatabase } from "../support/database.ts";
import { ask, type NodeOptions, startNode, type TestNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";
import { until } from "../support/until.ts";

const SEGMENTS = ["RU", "z12XTowIA2", "1aa1x", "vip"];
const EACH = 250;
const EXPIRED = 100;
/** How old a count may be, in milliseconds. */
const STALE_MS = 1_000;
/** How far a server's clock may be from the test's, in milliseconds. */
const CLOCKS_MS = 500;
const HOUR_S = 3_600;

async function withNodes(options: readonly NodeOptions[], body: (nodes: TestNode[]) => Promise<void>): Promise<void> {
  const nodes: TestNode[] = [];
  try {
    for (const one of options) nodes.push(await startNode(one));
    await body(nodes);
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
  }
}

const nowS = () => Math.floor(Date.now() / 1_000);

function put(node: TestNode, ID: string, segment: string, expiredSegment: number): ReturnType<typeof ask> {
  return ask(node.url, "POST", "/users", { ID, segment, expiredSegment });
}

async function counts(node: TestNode): Promise<Record<string, number>> {
  const { status, body } = await ask(node.url, "GET", "/segments/count");
  assert.equal(status, 200);
  const rows = body as unknown as { title: string; usersCount: number }[];
  return Object.fromEntries(rows.map(({ title, usersCount }) => [title, usersCount]));
}

for (const [database, lend] of Object.entries(DATABASES)) {
  Deno.test(`1,000 users in 4 segments, 100 of each expired, are four rows of 150 on ${database}`, async () => {
    await lend((options) =>
      withNodes([options], async ([node]) => {
        const expired = nowS() - 1;
        const live = nowS() + HOUR_S;
        const statuses = await Promise.all(
          SEGMENTS.flatMap((segment, place) =>
            Array.from({ length: EACH }, async (_, user) => {
              const { status } = await put(
                node!,
                `user-${place * EACH + user}`,
                segment,
                user < EXPIRED ? expired : live,
              );
              return status;
            })
          ),
        );
        assert.deepEqual([...new Set(statuses)], [201]);
        const wanted = Object.fromEntries(SEGMENTS.map((segment) => [segment, EACH - EXPIRED]));
        assert.deepEqual(await counts(node!), wanted);
        for (const body of ['{"ID":', "", '{"ID":"a","segment":"RU","expiredSegment":9e99}']) {
          const headers = { "content-type": "application/json" };
          const response = await fetch(node!.url + "/users", { method: "POST", body, headers });
          assert.deepEqual([response.status, (await response.json()).code], [400, "invalid_request"]);
        }
        assert.equal((await ask(node!.url, "GET", "/readyz")).status, 200, "the server lives");
        assert.deepEqual(await counts(node!), wanted);
        assert.equal((await put(node!, "user-0", "RU", live)).status, 200);
        assert.deepEqual(await counts(node!), { ...wanted, RU: EACH - EXPIRED + 1 });
        const { body } = await ask(node!.url, "GET", "/api/users/user-0");
        assert.deepEqual(body, {
          id: "user-0",
          segments: [{ title: "RU", expires_at: new Date(live * 1_000).toISOString() }],
          balance: "0.00",
        });
      })
    );
  });
}

Deno.test("a change through one server is counted by another within a second, and so is an expiry", async () => {
  const databaseUrl = await freshDatabase();
  await withNodes([{ databaseUrl }, { databaseUrl }], async ([a, b]) => {
    let oldestMs = 0;
    for (let users = 1; users <= 20; users++) {
      assert.equal((await put(a!, `user-${users}`, "s", nowS() + HOUR_S)).status, 201);
      const since = performance.now();
      await until(async () => {
        const sentMs = performance.now() - since;
        const isCounted = (await counts(b!))["s"] === users;
        if (!isCounted) oldestMs = Math.max(oldestMs, sentMs);
        return isCounted;
      }, { what: "the other server to count it", everyMs: 1 });
    }
    assert(oldestMs < STALE_MS, `a count that was asked for ${oldestMs} ms after the change was without it`);

    const expiresAt = nowS() + 2;
    await put(b!, "user-1", "s", expiresAt);
    let [lateMs, earlyMs] = [-Infinity, Infinity];
    await until(async () => {
      const sentMs = Date.now() - expiresAt * 1_000;
      const isCounted = (await counts(a!))["s"] === 20;
      if (isCounted) lateMs = Math.max(lateMs, sentMs);
      else earlyMs = Date.now() - expiresAt * 1_000;
      return !isCounted;
    }, { what: "a membership to expire", everyMs: 5 });
    assert(lateMs < STALE_MS, `counted still when asked ${lateMs} ms after it expired`);
    assert(earlyMs > -CLOCKS_MS, `no more counted ${-earlyMs} ms before it expired`);
    const database = await openTestPostgres(databaseUrl);
    try {
      const swept = async () => (await database.views.query("select total from segments"))[0]![0] === 19;
      await until(swept, { what: "the expired one to be swept" });
    } finally {
      await database.close();
    }
    assert.deepEqual([await counts(a!), await counts(b!)], [{ s: 19 }, { s: 19 }]);
  });
});
