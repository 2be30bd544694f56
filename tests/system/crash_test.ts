/** Is every promise kept where processes are killed, at random moments, under load? CRASH_SEED names the moments. */
import assert from "node:assert/strict";
import { startPostgres } from "../../tools/services.ts";
import { freshDatabase } from "../support/database.ts";
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
import { SEED, seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";

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
class Load {
  #stopped = false;
  /** While no server can be asked: opens once one can. */
  #gate: PromiseWithResolvers<void> | undefined;
  readonly #workers: Promise<void>[];

  constructor(public url: string, readonly all: readonly Ledger[], random: (below: number) => number) {
    this.#workers = Array.from({ length: WORKERS }, async () => {
      while (!this.#stopped) {
        await this.#gate?.promise;
        const user = random(USERS);
        const answer = await all[random(all.length)]!.claim(this.url, `user-${user}`, keyOf(user));
        if (answer.startsWith("503")) await this.#patience();
      }
    });
  }

  get decided(): number {
    return this.all.reduce((sum, { decided }) => sum + decided, 0);
  }

  /** From now on no server can be asked. */
  pause(): void {
    this.#gate = Promise.withResolvers();
  }

  resume(url: string): void {
    this.url = url;
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#gate?.resolve();
    await Promise.all(this.#workers);
  }

  /** A client that was told to come again does so after a while. */
  async #patience(): Promise<void> {
    const since = performance.now();
    await until(() => this.#stopped || performance.now() - since > 100, { what: "patience", everyMs: 50 });
  }
}

/** Waits for a random number of decided claims: the moment of the next kill. */
async function someLoad(load: Load, random: (below: number) => number): Promise<void> {
  const enough = load.decided + DECIDED.least + random(DECIDED.more);
  const what = `${enough} decided claims; told so far: ${JSON.stringify(load.all.map(({ counts }) => counts))}`;
  await until(() => load.decided >= enough, { what, timeoutMs: 20_000, everyMs: 1 + random(5) });
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

async function killServer(options: NodeOptions, kills: number): Promise<void> {
  const random = seeded();
  const all = ledgers();
  let node: TestNode = await startNode(options);
  try {
    await makeCoupons(node.url, all);
    const load = new Load(node.url, all, random);
    try {
      for (let kill = 0; kill < kills; kill++) {
        await someLoad(load, random);
        load.pause();
        await node.kill();
        node = await startNode(options);
        load.resume(node.url);
      }
      await someLoad(load, random);
    } finally {
      await load.stop();
    }
    await settle(node.url, all);
    if (options.databaseUrl !== undefined) assert.equal(await wrongCounters(options.databaseUrl), 0);
  } catch (error) {
    throw new Error(`With CRASH_SEED=${SEED}; the server said: ${node.lastLines()}`, { cause: error });
  } finally {
    await node.kill();
  }
}

Deno.test("claim() on PostgreSQL keeps every promise when its server is killed 25 times under load", async () => {
  await killServer({ databaseUrl: await freshDatabase() }, 25);
});

Deno.test("claim() on the embedded database keeps every promise when its server is killed 5 times under load", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "doorbuster-data-" });
  try {
    await killServer({ dataDir }, 5);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

/** Waits until the server serves; returns how long that took, in milliseconds. */
async function served(url: string, kill: number): Promise<number> {
  const since = performance.now();
  await until(async () => {
    if ((await ask(url, "GET", "/readyz")).status !== 200) return false;
    return [200, 409].includes((await claim(url, `probe-${kill}`, "probe")).status);
  }, { what: "the server to serve after PostgreSQL's return", timeoutMs: READY_MS });
  return performance.now() - since;
}

Deno.test("claim() keeps every promise when its PostgreSQL is killed 20 times under load", async () => {
  const random = seeded();
  const all = ledgers();
  const postgres = await startPostgres();
  try {
    const databaseUrl = await postgres.createDatabase();
    const node = await startNode({ databaseUrl });
    try {
      await makeCoupons(node.url, all);
      await createCoupon(node.url, "probe", PROBES);
      const load = new Load(node.url, all, random);
      const servedMs: number[] = [];
      try {
        for (let kill = 0; kill < 20; kill++) {
          await someLoad(load, random);
          await postgres.kill();
          await postgres.start();
          servedMs.push(await served(node.url, kill));
        }
        await someLoad(load, random);
      } finally {
        await load.stop();
      }
      console.log(`Served again within ms of PostgreSQL's return: ${servedMs.map(Math.round).join(" ")}`);
      await settle(node.url, all);
      assert.equal(await wrongCounters(databaseUrl), 0);
      for (const { counts } of all) assert.equal(counts["lost"], undefined, "the server never dropped a request");
    } catch (error) {
      throw new Error(`With CRASH_SEED=${SEED}; the server said: ${node.lastLines()}`, { cause: error });
    } finally {
      await node.kill();
    }
  } finally {
    await postgres.stop();
  }
});

Deno.test("claim() keeps every promise when the answers to its commits are lost 40 times under load", async () => {
  const random = seeded();
  const all = ledgers();
  const databaseUrl = await freshDatabase();
  const wire = new Wire(databaseUrl);
  try {
    const node = await startNode({ databaseUrl: wire.url });
    try {
      await makeCoupons(node.url, all);
      const load = new Load(node.url, all, random);
      try {
        for (let cut = 0; cut < 40; cut++) {
          await someLoad(load, random);
          await wire.cut();
        }
        await someLoad(load, random);
      } finally {
        await load.stop();
      }
      await settle(node.url, all);
      assert.equal(await wrongCounters(databaseUrl), 0);
      for (const { counts } of all) assert.equal(counts["lost"], undefined, "the server never dropped a request");
    } catch (error) {
      throw new Error(`With CRASH_SEED=${SEED}; the server said: ${node.lastLines()}`, { cause: error });
    } finally {
      await node.kill();
    }
  } finally {
    await wire.close();
  }
});
