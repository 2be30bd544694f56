/** Commands of a sale for tests, each with an id of its own, and a sale that takes them one by one. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  type Sale,
  type SaleAnswer,
  type SaleCommand,
  type SaleCommandOf,
  type SaleDecision,
  type SaleEvent,
  saleRules,
  type SaleSettings,
} from "../../src/domain/sale.ts";
import { HOUR_MS, parseCode } from "../../src/domain/sale_ids.ts";
import type { Identity } from "./commands.ts";

/** The first millisecond of the sale that tests open. */
export const START = Date.UTC(2026, 10, 21, 14);
/** Its number. */
export const NUMBER = START / HOUR_MS;
/** Its key. */
export const KEY = "2026-11-21T14Z";

function identity({ id = crypto.randomUUID(), keyed = false }: Identity): { id: string; keyed: boolean } {
  return { id, keyed };
}

/** A code of its own. */
export function newCode(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString("base64url");
}

/** Makes the sale. */
export function open(items: number, who: Identity = {}): SaleCommandOf<"open"> {
  return { kind: "open", number: NUMBER, items, ...identity(who) };
}

/** A checkout, with a code of its own. */
export function checkout(userId: string, n: number, who: Identity = {}): SaleCommandOf<"checkout"> {
  return { kind: "checkout", userId, n, code: newCode(), ...identity(who) };
}

/** A purchase. */
export function purchase(code: string, who: Identity = {}): SaleCommandOf<"purchase"> {
  return { kind: "purchase", code, ...identity(who) };
}

/** A hold given back. */
export function release(code: string, who: Identity = {}): SaleCommandOf<"release"> {
  return { kind: "release", code, ...identity(who) };
}

/** A purchase taken back. */
export function voidPurchase(code: string, who: Identity = {}): SaleCommandOf<"voidPurchase"> {
  return { kind: "voidPurchase", code, ...identity(who), act: 1 };
}

/** A sale stopped or resumed, or only touched. */
export function editSale(changes: { paused?: boolean } = {}, who: Identity = {}): SaleCommandOf<"edit"> {
  return { kind: "edit", ...changes, ...identity(who), act: 1 };
}

/** Settings as they are by default, but for the changes. */
export function settingsOf(changes: Partial<SaleSettings> = {}): SaleSettings {
  const mode = changes.mode ?? "exclusive";
  return { limit: 10, mode, ttlMs: mode === "open" ? HOUR_MS : 30_000, closes: "sold_out", ...changes };
}

/** A sale at a time that stands still until it is moved; evolves by whatever is decided to be stored. */
export class SaleDesk {
  readonly rules: ReturnType<typeof saleRules>;
  readonly events: SaleEvent[] = [];
  sale: Sale;
  now = START;

  /** @param items the sale's; it is open, made an hour before it starts */
  constructor(items: number, readonly settings: SaleSettings = settingsOf()) {
    this.rules = saleRules(settings);
    const decision = this.rules.decide(undefined, open(items), START - HOUR_MS);
    assert(decision.kind === "accepted");
    this.events.push(decision.event);
    this.sale = this.rules.evolve(undefined, decision.event);
  }

  /** Decides a command, and evolves. */
  ask(command: SaleCommand): SaleDecision {
    const decision = this.rules.decide(this.sale, command, this.now);
    if ("event" in decision) {
      this.events.push(decision.event);
      this.sale = this.rules.evolve(this.sale, decision.event);
    }
    return decision;
  }

  /** As `ask`; tells the refusal, or the kind of the decision. */
  say(command: SaleCommand): string {
    const decision = this.ask(command);
    return decision.kind === "refused" ? decision.refusal : decision.kind;
  }

  /** As `ask`, of what is accepted. */
  answer(command: SaleCommand): SaleAnswer {
    const decision = this.ask(command);
    assert(decision.kind === "accepted", decision.kind === "refused" ? decision.refusal : decision.kind);
    return decision.answer;
  }

  /** The code, its last 22 characters, of a checkout that is accepted. */
  hold(userId: string, n: number): string {
    const answer = this.answer(checkout(userId, n));
    assert(answer.kind === "held");
    return parseCode(answer.code)!.code;
  }

  /** The code of an item that a user bought. */
  buy(userId: string, n: number): string {
    const code = this.hold(userId, n);
    assert.equal(this.answer(purchase(code)).kind, "purchased");
    return code;
  }

  /** Outcomes of the attempts stored so far. */
  get outcomes(): string[] {
    return this.events.flatMap((event) => {
      if (event.kind === "held") return ["ok"];
      return event.kind === "attempted" ? [event.outcome] : [];
    });
  }
}
