/** Do readiness, log and metrics tell the truth of a database that does not commit, and is it served again by itself? */
import assert from "node:assert/strict";
import { type Postgres, startPostgres } from "../../tools/services.ts";
import { STANDBY, startStandby } from "../../tools/standby.ts";
import { ask, claim, createCoupon, startNode, type TestNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";
import { until } from "../support/until.ts";

/** Lines of a node's log, from a place on. */
function lines(node: TestNode, from = 0): string[] {
  return node.said().slice(from).trim().split("\n").filter((line) => line !== "");
}

const LOST = (line: string) => line.includes("The database is lost");
const BACK = (line: string) => line.includes("The database is back");

async function readiness({ url }: TestNode): Promise<number> {
  return (await ask(url, "GET", "/readyz")).status;
}

async function metric({ url }: TestNode, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)![1]);
}

const AGE = "doorbuster_last_commit_age_seconds";

/** A role with no right that a node does not need, and its database; returns the url. */
async function makeDatabase(postgres: Postgres): Promise<string> {
  const admin = await openTestPostgres(postgres.url);
  await admin.views.query("create role ordinary login");
  await admin.views.query("create database ordinary owner ordinary");
  await admin.close();
  return Object.assign(new URL(postgres.url), { username: "ordinary", pathname: "/ordinary" }).href;
}

/** Sets which standbys commits wait for. */
async function waitFor(postgres: Postgres, standbys: string): Promise<void> {
  const admin = await openTestPostgres(postgres.url);
  await admin.views.query(`alter system set synchronous_standby_names = '${standbys}'`);
  await admin.views.query("select pg_reload_conf()");
  await admin.close();
}

/** Server processes that wait for a standby. */
async function waiting(postgres: Postgres): Promise<number> {
  const admin = await openTestPostgres(postgres.url);
  const text = "select count(*)::integer from pg_stat_activity where wait_event = 'SyncRep'";
  const [row] = await admin.views.query(text);
  await admin.close();
  return row![0] as number;
}

/** Claims of coupons awake and asleep, some after others were given up. */
async function claimOnAndOn({ url }: TestNode, first: number): Promise<void> {
  for (let round = 0; round < 3; round++) {
    const names = ["promo", ...Array.from({ length: 8 }, (_, place) => `sleeping-${place}`)];
    const told = await Promise.all(names.map((name) => claim(url, `impatient-${first}-${round}`, name)));
    assert.deepEqual(told.map(({ status }) => status), names.map(() => 503));
  }
}

Deno.test("while a synchronous standby is absent, frozen or dead a node is unready, and ready by itself after", async () => {
  const primary = await startPostgres();
  const standby = await startStandby(primary);
  try {
    const node = await startNode({ databaseUrl: await makeDatabase(primary), env: { ACTOR_IDLE: "1s" } });
    try {
      assert.equal((await createCoupon(node.url, "promo", 100)).status, 201);
      for (let place = 0; place < 8; place++) await createCoupon(node.url, `sleeping-${place}`, 100);
      await until(async () => await metric(node, AGE) < 5, { what: "a commit" });
      const cases: Record<string, [harm: () => unknown, heal: () => unknown]> = {
        absent: [() => waitFor(primary, "nobody"), () => waitFor(primary, STANDBY)],
        frozen: [() => standby.signal("SIGSTOP"), () => standby.signal("SIGCONT")],
        dead: [() => standby.kill(), () => standby.start()],
      };
      let claims = 0;
      for (const [what, [harm, heal]] of Object.entries(cases)) {
        const from = node.said().length;
        assert.equal((await claim(node.url, `user-${++claims}`, "promo")).status, 200, what);
        await harm();
        await until(async () => await readiness(node) === 503, { what: `an unready node beside one that is ${what}` });
        await until(() => lines(node, from).some(LOST), { what: `the log to tell that the standby is ${what}` });
        assert(await metric(node, AGE) >= 5, what);
        assert.equal((await ask(node.url, "GET", "/livez")).status, 200);
        assert.equal((await claim(node.url, `user-${++claims}`, "promo")).status, 503, what);
        assert.equal(await readiness(node), 503, "still");
        const waitingBefore = await waiting(primary);
        await claimOnAndOn(node, claims);
        assert(await waiting(primary) <= waitingBefore, `${await waiting(primary)} wait, before ${waitingBefore}`);
        await heal();
        await until(async () => await readiness(node) === 200, { what: `a ready node after one that was ${what}` });
        await until(() => lines(node, from).some(BACK), { what: "the log to tell that it is back" });
        const told = lines(node, from);
        assert.deepEqual([told.filter(LOST).length, told.filter(BACK).length], [1, 1], told.join("\n"));
        assert.match(told.find(LOST)!, /"level":"ERROR"/);
        assert.match(told.find(BACK)!, /"level":"INFO"/);
        assert((await metric(node, AGE)) < 5, what);
      }
      assert.equal((await claim(node.url, "last", "promo")).status, 200);
    } finally {
      await node.stop();
    }
    const watch = await openTestPostgres(primary.url);
    const left = "select count(*)::integer from pg_stat_activity where usename = 'ordinary'";
    await until(async () => (await watch.views.query(left))[0]![0] === 0, { what: "the node's sessions to end" });
    await watch.close();
  } finally {
    standby.signal("SIGCONT");
    await standby.stop();
    await primary.stop();
  }
});

Deno.test("an idle node whose PostgreSQL is gone says so once, not for each attempt, and once that it is back", async () => {
  const postgres = await startPostgres();
  try {
    const node = await startNode({ databaseUrl: await postgres.createDatabase() });
    try {
      const from = node.said().length;
      await postgres.kill();
      await until(async () => await readiness(node) === 503, { what: "an unready node" });
      const attempts = () => metric(node, "doorbuster_lane_disconnects_total");
      await until(async () => await attempts() >= 60, { what: "sixty attempts" });
      await until(async () => await metric(node, AGE) >= 5, { what: "the age of the last commit" });
      const levels = lines(node, from).map((line) => /"level":"(\w+)"/.exec(line)![1]);
      // What is done in the background each second may fail just before.
      assert.equal(levels.filter((level) => level === "ERROR").length, 1, lines(node, from).join("\n"));
      assert(levels.length <= 3, lines(node, from).join("\n"));
      await postgres.start();
      await until(async () => await readiness(node) === 200, { what: "a ready node" });
      await until(() => lines(node, from).some(BACK), { what: "the log to tell that it is back" });
      assert.equal(lines(node, from).filter(BACK).length, 1);
    } finally {
      await node.stop();
    }
  } finally {
    await postgres.stop();
  }
});
