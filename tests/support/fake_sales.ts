/** Sales in memory under their real rules, shared by any number of nodes, that can be made to fail. */
import assert from "node:assert/strict";
import { type Actors, Fault, type FaultCode, type OutcomeOf } from "../../src/ports/mod.ts";
import { type Sale, type SaleCommand, type SaleKind, saleRules } from "../../src/domain/sale.ts";
import { saleKeyOf } from "../../src/domain/sale_ids.ts";
import type { FakeClock } from "./fake_clock.ts";

const RULES = saleRules({ limit: 10, mode: "exclusive", ttlMs: 30_000, closes: "sold_out" });

/** What was asked of the sales, and when. */
export interface Asked {
  readonly key: string;
  readonly at: number;
}

/** Whoever asks these is asked of one store, whichever node it is. */
export class FakeSales implements Actors<SaleKind> {
  readonly #byKey = new Map<string, Sale>();
  /** Every ask, failed ones too. */
  readonly asked: Asked[] = [];
  /** Set to make asks fail: by this fault, before or after the sale was made. */
  failure: { code: FaultCode; when: "before" | "after"; of?: string } | undefined;
  /** Set to make asks wait. */
  gate: Promise<void> = Promise.resolve();

  constructor(readonly clock: FakeClock) {}

  /** The keys of all sales, in order of time. */
  get keys(): string[] {
    return [...this.#byKey.keys()].sort();
  }

  /** A sale's state. */
  sale(key: string): Sale | undefined {
    return this.#byKey.get(key);
  }

  async ask(key: string, command: SaleCommand): Promise<OutcomeOf<SaleKind>> {
    assert.equal(command.kind === "open" && saleKeyOf(command.number), key, "a sale is asked by its own key");
    this.asked.push({ key, at: this.clock.now() });
    await this.gate;
    const { failure } = this;
    const fails = failure !== undefined && (failure.of ?? key) === key;
    if (fails && failure.when === "before") throw new Fault(failure.code, "as the test wants it");
    const decision = RULES.decide(this.#byKey.get(key), command, this.clock.now());
    if (decision.kind === "accepted") this.#byKey.set(key, RULES.evolve(this.#byKey.get(key), decision.event));
    if (fails) throw new Fault(failure.code, "as the test wants it, but it is done");
    if (decision.kind === "refused") return { kind: "refused", refusal: decision.refusal };
    assert(decision.kind === "accepted", "an open by a new id is never a replay");
    return { kind: "done", answer: decision.answer };
  }
}
