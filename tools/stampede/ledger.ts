/** What were the buyers told? Written down as it comes, to be held against what is stored. */
import { Latencies } from "./latencies.ts";

/** What an answer came to: `ok`, a refusal's code, or that it is not known what happened. */
export type Outcome = string;

/** Of an answer that never came, or that only tells of trouble of the machinery: it may have happened or not. */
export const UNSURE = "unsure";

/** A checkout that was answered, or not. */
export interface CheckoutTold {
  readonly user: string;
  readonly item: number;
  readonly outcome: Outcome;
}

/** A code that a buyer was given, and what it was told of it. */
export interface CodeTold {
  readonly user: string;
  readonly item: number;
  readonly purchases: Outcome[];
  readonly releases: Outcome[];
}

/** What a server said. */
export interface Reply {
  /** 0 where no answer came. */
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  /** How long it took. */
  readonly ms: number;
}

/** Everything that was told. */
export class Ledger {
  readonly checkouts: CheckoutTold[] = [];
  /** By their codes. */
  readonly codes = new Map<string, CodeTold>();
  /** Answers by kind: `checkout 200`, `purchase 409 code_used`. */
  readonly answers = new Map<string, number>();
  readonly latencies = new Latencies();
  /** Answers that cannot be right, whatever is stored. */
  readonly strange: string[] = [];

  /** Writes a checkout down. */
  checkout(user: string, item: number, reply: Reply): Outcome {
    const outcome = this.#outcomeOf("checkout", reply);
    this.checkouts.push({ user, item, outcome });
    if (outcome !== "ok") return outcome;
    const { code, user_id, item: shown } = reply.body as { code?: string; user_id?: string; item?: { id?: number } };
    if (code === undefined || user_id !== user || shown?.id !== item) {
      this.strange.push(`${user} checked out ${item} and was given ${JSON.stringify(reply.body)}`);
      return outcome;
    }
    const known = this.codes.get(code);
    if (known === undefined) this.codes.set(code, { user, item, purchases: [], releases: [] });
    else if (known.user !== user || known.item !== item) this.strange.push(`${user} was given a code of ${known.user}`);
    return outcome;
  }

  /** Writes a purchase down; the code was given before. */
  purchase(code: string, reply: Reply): void {
    this.codes.get(code)!.purchases.push(this.#outcomeOf("purchase", reply));
  }

  /** Writes down that a hold was given back. */
  release(code: string, reply: Reply): void {
    this.codes.get(code)!.releases.push(this.#outcomeOf("give back", reply));
  }

  #outcomeOf(act: string, { status, body, ms }: Reply): Outcome {
    const code = typeof body["code"] === "string" && status !== 200 ? body["code"] : "";
    const kind = `${act} ${status === 0 ? "no answer" : `${status} ${code}`.trim()}`;
    this.answers.set(kind, (this.answers.get(kind) ?? 0) + 1);
    this.latencies.add(ms);
    if (status === 200) return "ok";
    if (status === 0 || status === 503) return UNSURE;
    if (code !== "" && status >= 400 && status < 500 && status !== 400) return code;
    this.strange.push(`${kind}: ${JSON.stringify(body)}`);
    return UNSURE;
  }
}
