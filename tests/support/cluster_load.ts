/** Clients of a cluster: each claims on one coupon after the other, asks again where it was not decided, and never ends. */
import assert from "node:assert/strict";
import type { TestCluster } from "./cluster.ts";
import { audit, createCoupon, Ledger, wrongCounters } from "./node.ts";
import { until } from "./until.ts";

const AMOUNT = 1_000_000;
/** A client that was told to come again does so after so long. */
const PATIENCE_MS = 50;

/** Makes coupons; their ledgers. */
export async function makeLedgers(url: string, names: readonly string[], amount: number = AMOUNT): Promise<Ledger[]> {
  for (const name of names) assert.equal((await createCoupon(url, name, amount)).status, 201, name);
  return names.map((name) => new Ledger(name, amount));
}

/** A number of clients, each with coupons of its own. */
export class ClusterLoad {
  #stopped = false;
  #users = 0;
  readonly #workers: Promise<void>[];
  /** When a claim on each coupon won last, and the longest time without one, in milliseconds. */
  readonly wonAt = new Map<string, number>();
  readonly still = new Map<string, number>();

  /** @param pick the URL to ask next */
  constructor(readonly ledgers: readonly Ledger[], workers: number, readonly pick: () => string) {
    this.#workers = Array.from({ length: workers }, (_, place) => {
      return this.#work(ledgers.filter((_, at) => at % workers === place));
    });
  }

  /** Answers of one kind, over all coupons. */
  count(answer: string): number {
    return this.ledgers.reduce((sum, { counts }) => sum + (counts[answer] ?? 0), 0);
  }

  /** How often each answer was given. */
  get counts(): Record<string, number> {
    const answers = new Set(this.ledgers.flatMap(({ counts }) => Object.keys(counts)));
    return Object.fromEntries([...answers].map((answer) => [answer, this.count(answer)]));
  }

  /** Waits until so many more claims have won. */
  async more(claims: number, timeoutMs = 30_000): Promise<void> {
    const enough = this.count("200") + claims;
    await until(() => this.count("200") >= enough, { what: `${claims} more claims`, timeoutMs });
  }

  /** Asks once on a coupon, for a new user; returns the answer. */
  claim(ledger: Ledger, url: string): Promise<string> {
    return this.#ask(ledger, `user-${this.#users++}`, url);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#workers);
  }

  /** What was told, against what is stored, through each of some nodes. */
  async audit({ databaseUrl, urls }: TestCluster): Promise<void> {
    for (const [at, ledger] of this.ledgers.entries()) await audit(urls[at % urls.length]!, ledger);
    assert.equal(await wrongCounters(databaseUrl), 0);
  }

  async #work(ledgers: readonly Ledger[]): Promise<void> {
    for (let turn = 0; !this.#stopped; turn++) {
      const ledger = ledgers[turn % ledgers.length]!;
      const user = `user-${this.#users++}`;
      while (/^(503|lost)/.test(await this.#ask(ledger, user, this.pick())) && !this.#stopped) await this.#patience();
    }
  }

  async #ask(ledger: Ledger, user: string, url: string): Promise<string> {
    const answer = await ledger.claim(url, user);
    if (answer !== "200") return answer;
    const now = performance.now();
    const stillMs = now - (this.wonAt.get(ledger.coupon) ?? now);
    this.still.set(ledger.coupon, Math.max(stillMs, this.still.get(ledger.coupon) ?? 0));
    this.wonAt.set(ledger.coupon, now);
    return answer;
  }

  async #patience(): Promise<void> {
    const since = performance.now();
    const isOver = () => this.#stopped || performance.now() - since > PATIENCE_MS;
    await until(isOver, { what: "patience", everyMs: PATIENCE_MS / 2 });
  }
}

/** The value that so great a part of all, 0 to 1, does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? NaN;
}
