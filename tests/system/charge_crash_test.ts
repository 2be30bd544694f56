/** Are a claim and its credit stored both or neither, once, where servers are killed or cut off, at random moments? */
import assert from "node:assert/strict";
import type { Sql } from "../../src/storage/sql.ts";
import type { Random } from "../../tools/random.ts";
import { DATABASES, freshDatabase } from "../support/database.ts";
import { assertBothOrNeither, withSql } from "../support/ledger.ts";
import { ask, audit, claim, Ledger, type NodeOptions, startNode, type TestNode } from "../support/node.ts";
import { killing, seeded } from "../support/seeded.ts";
import { until } from "../support/until.ts";
import { Wire } from "../support/wire.ts";
import { Workers } from "../support/workers.ts";

const WORKERS = 30;
const USERS = 4_000;
/** Answers between two kills. */
const ANSWERS = { least: 200, more: 800 };
const CREDIT = "12.34";

/** Clients that claim one coupon for good, and claim and give back another, until they are stopped. */
class Load extends Workers {
  answers = 0;
  /** Claims of `back`: user -> whether it is held; undefined where an answer was lost. */
  readonly held = new Map<string, boolean | undefined>();

  constructor(public url: string, readonly kept: Ledger, readonly random: Random) {
    super(WORKERS);
  }

  protected override async work(worker: number): Promise<void> {
    const isDecided = this.random(2) === 0
      ? !(await this.kept.claim(this.url, `user-${this.random(USERS)}`)).startsWith("503")
      : await this.#claimOrVoid(`user-${worker}-${this.random(5)}`);
    if (isDecided) this.answers++;
  }

  /** Holds what was told of `back` against what is stored. */
  async assertHeld(url: string): Promise<void> {
    for (const [user, isHeld] of this.held) {
      if (isHeld === undefined) continue;
      const { status } = await ask(url, "GET", `/api/coupons/back/claims/${user}`);
      assert.equal(status, isHeld ? 200 : 404, user);
    }
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

/** Makes the coupons and loads them while a server is disturbed, a while after each time; then holds all against all. */
async function disturb(
  options: NodeOptions,
  times: number,
  disturbOnce: (node: TestNode, load: Load) => Promise<TestNode>,
  served: NodeOptions = options,
): Promise<void> {
  const random = seeded();
  const kept = new Ledger("kept", 3_000);
  let node: TestNode = await startNode(served);
  await killing(() => [node], async () => {
    await make(node.url, "kept", kept.amount);
    await make(node.url, "back", 1_000);
    const load = new Load(node.url, kept, random);
    try {
      for (let time = 0; time < times; time++) {
        const enough = load.answers + ANSWERS.least + random(ANSWERS.more);
        await until(() => load.answers >= enough, {
          what: `${enough} answers`,
          timeoutMs: 30_000,
          everyMs: 1 + random(5),
        });
        node = await disturbOnce(node, load);
      }
    } finally {
      await load.stop();
    }
    await audit(node.url, kept);
    await load.assertHeld(node.url);
    await node.kill();
    await withSql(options, assertSums);
    console.log(`Told: ${JSON.stringify(kept.counts)}`);
  });
}

async function assertSums(sql: Sql): Promise<void> {
  await assertBothOrNeither(sql);
  const [counts] = await sql.query(`select (select count(*)::integer from claims),
    (select count(*)::integer from wallet_entries where is_void), (select sum(amount)::text from wallet_entries)`);
  const [claims, voids, sum] = counts as [number, number, string];
  console.log(`${claims} claims are held, ${voids} were voided`);
  assert(claims > 100 && voids > 10, `${claims} claims and ${voids} voids`);
  assert.equal(Math.round(Number(sum) * 100), claims * 1_234, "the sum of the ledger is the credit of the claims");
}

for (const [database, place] of Object.entries(DATABASES)) {
  const kills = database === "PostgreSQL" ? 10 : 3;
  Deno.test(`a charge on ${database} credits each claim that it takes, whose server is killed ${kills} times`, async () => {
    await place((options) =>
      disturb(options, kills, (node, load) =>
        load.paused(async () => {
          await node.kill();
          if (options.databaseUrl !== undefined) await withSql(options, assertBothOrNeither);
          const next = await startNode(options);
          load.url = next.url;
          return next;
        }))
    );
  });
}

Deno.test("a charge credits each claim that it takes once, though the answers to its commits are lost 20 times", async () => {
  const options = { databaseUrl: await freshDatabase() };
  const wire = new Wire(options.databaseUrl);
  try {
    const cut = async (node: TestNode) => {
      await wire.cut();
      return node;
    };
    await disturb(options, 20, cut, { databaseUrl: wire.url });
  } finally {
    await wire.close();
  }
});
