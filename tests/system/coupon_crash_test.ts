/** Is every promise kept where processes are killed, at random moments, under load? CRASH_SEED names the moments. */
import assert from "node:assert/strict";
import type { Random } from "../../tools/random.ts";
import { startPostgres } from "../../tools/services.ts";
import { DATABASES, freshDatabase } from "../support/database.ts";
import {
  ask,
  audit,
  claim,
  createCoupon,
  Ledger,
  type NodeOptions,
  startNode,
  type TestNode,
  wrongCounters,
} from "../support/node.ts";
import { killing, seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";
import { Workers } from "../support/workers.ts";

const WORKERS = 40;
const USERS = 8_000;
/** Claims that are decided between two kills: 100 to 500 ms of load. */
const DECIDED = { least: 300, more: 1_200 };
/** What a server may take to serve again once its PostgreSQL does. */
const READY_MS = 30_000;
const PROBES = 1_000_000;

/** Coupons of several sizes: some sell out early, the first outlasts the load. */
function ledgers(): Ledger[] {
  return [new Ledger("hot", 7_900), new Ledger("warm", 2_500), new Ledger("small", 50)];
}

/** Every other user has a key, so that an answer that was lost can be asked for. */
function keyOf(user: number): Record<string, string> {
  return user % 2 === 0 ? {} : { "idempotency-key": `key-${user}` };
}

/** Clients that claim for random users, and go on asking whatever happens, until they are stopped. */
class Load extends Workers {
  constructor(public url: string, readonly all: readonly Ledger[], readonly random: Random) {
    super(WORKERS);
  }

  get decided(): number {
    return this.all.reduce((sum, { decided }) => sum + decided, 0);
  }

  protected override async work(): Promise<void> {
    const user = this.random(USERS);
    const answer = await this.all[this.random(this.all.length)]!.claim(this.url, `user-${user}`, keyOf(user));
    if (answer.startsWith("503")) await this.patience();
  }
}

/** Waits for a random number of decided claims: the moment of the next kill. */
async function someLoad(load: Load, random: Random): Promise<void> {
  const enough = load.decided + DECIDED.least + random(DECIDED.more);
  const what = `${enough} decided claims; told so far: ${JSON.stringify(load.all.map(({ counts }) => counts))}`;
  await until(() => load.decided >= enough, { what, everyMs: 1 + random(5) });
}

/** Asks every user again: what was told still holds, lost answers are found, and the quota is met exactly. */
async function settle(url: string, all: readonly Ledger[]): Promise<void> {
  for (const ledger of all) {
    const won = new Set(ledger.winners);
    const untold = await audit(url, ledger) - won.size;
    for (let user = 0; user < USERS; user += WORKERS) {
      await Promise.all(Array.from({ length: WORKERS }, async (_, place) => {
        const name = `user-${user + place}`;
        const answer = await ledger.claim(url, name, keyOf(user + place));
        const isKeyed = (user + place) % 2 === 1;
        if (isKeyed) assert.match(answer, /^(200|400 sold_out)$/, `${name}: a key that won gets its answer again`);
        if (won.has(name)) assert.equal(answer, isKeyed ? "200" : "409 already_claimed", name);
      }));
    }
    await audit(url, ledger);
    const { body } = await ask(url, "GET", `/api/coupons/${ledger.coupon}`);
    assert.deepEqual([body["claimed_count"], body.remaining_amount], [ledger.amount, 0], "exactly the quota");
    console.log(
      `${ledger.coupon}: ${ledger.amount} units; told: ${JSON.stringify(ledger.counts)}; ` +
        `${untold} claims were stored whose answers were lost`,
    );
  }
}

async function makeCoupons(url: string, all: readonly Ledger[]): Promise<void> {
  for (const { coupon, amount } of all) assert.equal((await createCoupon(url, coupon, amount)).status, 201);
}

/** Loads a server that something happens to so often, a while after each time; then holds all against all. */
async function disturb(
  options: NodeOptions,
  times: number,
  disturbOnce: (node: TestNode, load: Load) => Promise<TestNode>,
): Promise<Ledger[]> {
  const random = seeded();
  const all = ledgers();
  let node: TestNode = await startNode(options);
  await killing(() => [node], async () => {
    await makeCoupons(node.url, all);
    const load = new Load(node.url, all, random);
    try {
      for (let time = 0; time < times; time++) {
        await someLoad(load, random);
        node = await disturbOnce(node, load);
      }
      await someLoad(load, random);
    } finally {
      await load.stop();
    }
    await settle(node.url, all);
    if (options.databaseUrl !== undefined) assert.equal(await wrongCounters(options.databaseUrl), 0);
  });
  return all;
}

/** Kills servers one after the other. */
async function killServers(options: NodeOptions, kills: number): Promise<void> {
  await disturb(options, kills, (node, load) =>
    load.paused(async () => {
      await node.kill();
      const next = await startNode(options);
      load.url = next.url;
      return next;
    }));
}

/** Does something to what is behind a server, which must never drop a request. */
async function disturbBehind(
  databaseUrl: string,
  times: number,
  disturbOnce: (url: string) => Promise<void>,
): Promise<void> {
  const all = await disturb({ databaseUrl }, times, async (node) => {
    await disturbOnce(node.url);
    return node;
  });
  for (const { counts } of all) assert.equal(counts["lost"], undefined, "the server never dropped a request");
}

Deno.test("claim() on PostgreSQL keeps every promise when its server is killed 25 times under load", async () => {
  await DATABASES.PostgreSQL((options) => killServers(options, 25));
});

Deno.test("claim() on the embedded database keeps every promise when its server is killed 5 times under load", async () => {
  await DATABASES.embedded((options) => killServers(options, 5));
});

/** Waits until the server serves a claim that no other makes; returns how long that took, in milliseconds. */
async function served(url: string, user: string): Promise<number> {
  const since = performance.now();
  await until(async () => {
    if ((await ask(url, "GET", "/readyz")).status !== 200) return false;
    return [200, 409].includes((await claim(url, user, "probe")).status);
  }, { what: "the server to serve after PostgreSQL's return", timeoutMs: READY_MS });
  return performance.now() - since;
}

Deno.test("claim() keeps every promise when its PostgreSQL is killed 20 times under load", async () => {
  const postgres = await startPostgres();
  const servedMs: number[] = [];
  try {
    await disturbBehind(await postgres.createDatabase(), 20, async (url) => {
      if (servedMs.length === 0) assert.equal((await createCoupon(url, "probe", PROBES)).status, 201);
      await postgres.kill();
      await postgres.start();
      servedMs.push(await served(url, `probe-${servedMs.length}`));
    });
    console.log(`Served again within ms of PostgreSQL's return: ${servedMs.map(Math.round).join(" ")}`);
  } finally {
    await postgres.stop();
  }
});

Deno.test("claim() keeps every promise when the answers to its commits are lost 40 times under load", async () => {
  const wire = new Wire(await freshDatabase());
  try {
    await disturbBehind(wire.url, 40, () => wire.cut());
  } finally {
    await wire.close();
  }
});
