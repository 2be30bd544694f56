/** Are a claim and its credit stored both or neither where servers are killed, at random moments, under load? */
import assert from "node:assert/strict";
import { assertBothOrNeither, DATABASES, withSql } from "../support/ledger.ts";
import { ask, audit, claim, Ledger, type NodeOptions, randomFrom, startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const SEED = Number(Deno.env.get("CRASH_SEED") ?? Math.floor(Math.random() * 2 ** 31));
const WORKERS = 30;
const USERS = 4_000;
/** Answers between two kills. */
const ANSWERS = { least: 200, more: 800 };
const CREDIT = "12.34";

/** Clients that claim one coupon for good, and claim and give back another, until they are stopped. */
class Load {
  answers = 0;
  /** Claims of `back`: user -> whether it is held; undefined where an answer was lost. */
  readonly held = new Map<string, boolean | undefined>();
  #stopped = false;
  #gate: PromiseWithResolvers<void> | undefined;
  readonly #workers: Promise<void>[];

  constructor(public url: string, readonly kept: Ledger, random: (below: number) => number) {
    this.#workers = Array.from({ length: WORKERS }, async (_, worker) => {
      while (!this.#stopped) {
        await this.#gate?.promise;
        const isDecided = random(2) === 0
          ? !(await kept.claim(this.url, `user-${random(USERS)}`)).startsWith("503")
          : await this.#claimOrVoid(`user-${worker}-${random(5)}`);
        if (isDecided) this.answers++;
      }
    });
  }

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

  /** No other worker asks for this user: what it was told last is what is. */
  async #claimOrVoid(user: string): Promise<boolean> {
    const isHeld = this.held.get(user);
    const isVoid = isHeld ?? (this.held.has(user) && this.answers % 2 === 0);
    try {
      const { status } = isVoid
        ? await ask(this.url, "DELETE", `/api/coupons/back/claims/${user}`)
        : await claim(this.url, user, "back");
      if (status === 503) return false;
      if (this.held.has(user) && isHeld !== undefined) assert.equal(status, 200, "what was told holds");
      this.held.set(user, !isVoid && (status === 200 || status === 409));
      return true;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      this.held.set(user, undefined);
      return false;
    }
  }
}

async function make(url: string, name: string, amount: number): Promise<void> {
  const { status } = await ask(url, "POST", "/api/coupons", { name, amount, kind: "charge", credit: CREDIT });
  assert.equal(status, 201);
}

async function killServer(options: NodeOptions, kills: number): Promise<void> {
  console.log(`CRASH_SEED=${SEED}`);
  const random = randomFrom(SEED);
  const kept = new Ledger("kept", 3_000);
  let node: TestNode = await startNode(options);
  try {
    await make(node.url, "kept", kept.amount);
    await make(node.url, "back", 1_000);
    const load = new Load(node.url, kept, random);
    try {
      for (let kill = 0; kill < kills; kill++) {
        const enough = load.answers + ANSWERS.least + random(ANSWERS.more);
        await until(() => load.answers >= enough, {
          what: `${enough} answers`,
          timeoutMs: 30_000,
          everyMs: 1 + random(5),
        });
        load.pause();
        await node.kill();
        if (options.databaseUrl !== undefined) await withSql(options, assertBothOrNeither);
        node = await startNode(options);
        load.resume(node.url);
      }
    } finally {
      await load.stop();
    }
    await audit(node.url, kept);
    for (const [user, isHeld] of load.held) {
      if (isHeld === undefined) continue;
      const { status } = await ask(node.url, "GET", `/api/coupons/back/claims/${user}`);
      assert.equal(status, isHeld ? 200 : 404, user);
    }
    await node.kill();
    await withSql(options, async (sql) => {
      await assertBothOrNeither(sql);
      const [counts] = await sql.query(`select (select count(*)::integer from claims),
        (select count(*)::integer from wallet_entries where is_void), (select sum(amount)::text from wallet_entries)`);
      const [claims, voids, sum] = counts as [number, number, string];
      assert(claims > 100 && voids > 10, `${claims} claims and ${voids} voids`);
      assert.equal(Math.round(Number(sum) * 100), claims * 1_234, "the sum of the ledger is the credit of the claims");
      console.log(`${claims} claims are held, ${voids} were voided; told: ${JSON.stringify(kept.counts)}`);
    });
  } catch (error) {
    throw new Error(`With CRASH_SEED=${SEED}; the server said: ${node.lastLines()}`, { cause: error });
  } finally {
    await node.kill();
  }
}

for (const [database, place] of Object.entries(DATABASES)) {
  const kills = database === "PostgreSQL" ? 10 : 3;
  Deno.test(`a charge on ${database} credits each claim that it takes, whose server is killed ${kills} times`, async () => {
    await place((options) => killServer(options, kills));
  });
}
