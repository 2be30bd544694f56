/** Buyers that stampede: they check out, buy, hesitate, give back and void at random, whatever happens to their server. */
import type { SaleLedger } from "./sale_ledger.ts";
import { until } from "./until.ts";
import { Workers } from "./workers.ts";

/** Who stampedes. */
export interface Stampede {
  readonly workers: number;
  readonly users: number;
  readonly random: (below: number) => number;
}

/** A stampede, until it is stopped. */
export class SaleLoad extends Workers {
  #count = 0;

  /** @param urls of the servers that buyers ask, each at random */
  constructor(public urls: readonly string[], readonly ledger: SaleLedger, readonly stampede: Stampede) {
    super(stampede.workers);
  }

  /** Waits until so many more requests were decided. */
  async decides(more: number): Promise<void> {
    const enough = this.ledger.decided + more;
    const what = `${enough} decided requests; told so far: ${JSON.stringify(this.ledger.counts)}`;
    await until(() => this.ledger.decided >= enough, { what, everyMs: 2 });
  }

  protected override async work(): Promise<void> {
    const answer = await this.#buyer();
    if (answer.startsWith("503")) await this.patience();
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
}
