/** Buyers that stampede: they check out, buy, hesitate, give back and void at random, whatever happens to their server. */
import type { SaleLedger } from "./sale_ledger.ts";
import { until } from "./until.ts";

/** Who stampedes. */
export interface Stampede {
  readonly workers: number;
  readonly users: number;
  readonly random: (below: number) => number;
}

/** A stampede, until it is stopped. */
export class SaleLoad {
  #stopped = false;
  /** While no server can be asked: opens once one can. */
  #gate: PromiseWithResolvers<void> | undefined;
  #count = 0;
  readonly #workers: Promise<void>[];

  /** @param urls of the servers that buyers ask, each at random */
  constructor(public urls: readonly string[], readonly ledger: SaleLedger, readonly stampede: Stampede) {
    this.#workers = Array.from({ length: stampede.workers }, async () => {
      while (!this.#stopped) {
        await this.#gate?.promise;
        const answer = await this.#buyer();
        if (answer.startsWith("503")) await this.#patience();
      }
    });
  }

  /** From now on no server can be asked. */
  pause(): void {
    this.#gate = Promise.withResolvers();
  }

  resume(...urls: readonly string[]): void {
    this.urls = urls;
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#gate?.resolve();
    await Promise.all(this.#workers);
  }

  /** Waits until so many more requests were decided. */
  async decides(more: number): Promise<void> {
    const enough = this.ledger.decided + more;
    const what = `${enough} decided requests; told so far: ${JSON.stringify(this.ledger.counts)}`;
    await until(() => this.ledger.decided >= enough, { what, timeoutMs: 30_000, everyMs: 2 });
  }

  async #buyer(): Promise<string> {
    const { ledger, stampede: { random, users } } = this;
    const url = () => this.urls[random(this.urls.length)]!;
    const key = () => random(3) === 0 ? `key-${++this.#count}` : undefined;
    const hold = await ledger.checkout(url(), `user-${random(users)}`, 1 + random(ledger.sale.items), key());
    if (typeof hold === "string") return hold;
    const then = random(20);
    if (then < 12) {
      const answer = await ledger.act(url(), "purchase", hold, key());
      return answer === "200" && random(5) === 0 ? await ledger.act(url(), "void", hold) : answer;
    }
    return then < 15 ? await ledger.act(url(), "release", hold) : "held";
  }

  /** A buyer that was told to come again does so after a while. */
  async #patience(): Promise<void> {
    const since = performance.now();
    await until(() => this.#stopped || performance.now() - since > 100, { what: "patience", everyMs: 50 });
  }
}
