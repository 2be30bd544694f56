/** Random commands of a sale, and time that passes, as values that can be run again. */
import fc from "fast-check";
import type { SaleCommand, SaleDecision, SaleSettings } from "../../src/domain/sale.ts";
import { HOUR_MS } from "../../src/domain/sale_ids.ts";
import { editSale } from "./sale_commands.ts";

/** Items of a random sale; a step may name one before and one after them. */
export const ITEMS = 4;

/** One step. A key is one of few, so that they come again; `which` counts back from the last code. */
export type Step =
  | { readonly do: "checkout"; readonly user: string; readonly n: number; readonly key: number | undefined }
  | {
    readonly do: "purchase" | "release" | "voidPurchase";
    readonly which: number;
    readonly key: number | undefined;
  }
  | { readonly do: "edit"; readonly paused: boolean | undefined; readonly key: number | undefined }
  | { readonly do: "wait"; readonly ms: number };

const key = fc.option(fc.nat({ max: 5 }), { nil: undefined, freq: 3 });
const which = fc.nat({ max: 7 });
const user = fc.constantFrom("a", "b", "c", "d");
// Weights let items change hands often: most steps check out or buy, few stop the sale.
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("checkout" as const),
      user,
      n: fc.integer({ min: 0, max: ITEMS + 1 }),
      key,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("purchase" as const), which, key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("release" as const), which, key }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("voidPurchase" as const), which, key }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("edit" as const),
      paused: fc.constantFrom(true, false, false, undefined),
      key,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(0, 1, 10_000, 29_999, 30_000, 30_001),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(HOUR_MS / 2, HOUR_MS) }) },
);

/** Sequences of steps. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 1, maxLength: 120, size: "max" });

/** Settings of every mode and way to close, with small limits. */
export const settings: fc.Arbitrary<SaleSettings> = fc.record({
  limit: fc.integer({ min: 1, max: 3 }),
  mode: fc.constantFrom("exclusive" as const, "open" as const),
  ttlMs: fc.constantFrom(30_000, 45_000, HOUR_MS),
  closes: fc.constantFrom("sold_out" as const, "at_end" as const),
});

/** Makes a run's commands: the same steps give the same commands, codes and ids. */
export class Commander {
  #count = 0;
  /** Codes to buy with, the last one last; at first one that was never given. */
  readonly codes = ["n".repeat(21) + "A"];

  /** @param name a letter that tells its codes and ids from another's */
  constructor(readonly name: string = "c") {}

  /** The command of a step that is no wait. */
  commandOf(step: Exclude<Step, { do: "wait" }>): SaleCommand {
    const count = ++this.#count;
    const unkeyed = { id: `${this.name} ${count}`, keyed: false };
    const who = step.key === undefined ? unkeyed : { id: `key ${step.key}`, keyed: true };
    if (step.do === "edit") return editSale(step.paused === undefined ? {} : { paused: step.paused }, who);
    if (step.do !== "checkout") {
      return { kind: step.do, code: this.codes.at(-1 - step.which) ?? this.codes[0]!, ...who };
    }
    const code = String(count).padStart(21, this.name) + "A";
    return { kind: "checkout", userId: step.user, n: step.n, code, ...who };
  }

  /** Hears what was decided, so as to know the codes that were given. */
  hear(decision: SaleDecision): void {
    if (decision.kind === "accepted" && decision.event.kind === "held") this.codes.push(decision.event.code);
  }
}
