/** A coupon under a writer of its own, over a store whose ledger can be read: whoever writes tells what and when. */
import assert from "node:assert/strict";
import type { LoadedActor, Store } from "../../src/ports/mod.ts";
import {
  type Coupon,
  type CouponAnswer,
  type CouponCommand,
  type CouponEvent,
  type CouponKind,
  type CouponTerms,
  decide,
  evolve,
} from "../../src/domain/coupon.ts";
import { create, terms } from "./commands.ts";
import type { Entry } from "./memory_store.ts";
import { append } from "./stored.ts";

/** A store of the suite's own, and its ledger. */
export interface LedgerStores {
  readonly store: Store<CouponKind>;
  /** A coupon's entries, in their order. @param id its row */
  entries(id: number): Promise<Entry[]>;
  close(): Promise<void>;
}

const NOW = Date.UTC(2026, 10, 21, 14);

/** A coupon under a writer of its own, that keeps what it was to answer. */
export class Desk {
  readonly told = new Map<CouponCommand, CouponAnswer>();

  constructor(readonly stores: LedgerStores, readonly key: string, public active: LoadedActor<Coupon>) {}

  static async make(stores: LedgerStores, amount: number, more: Partial<CouponTerms>): Promise<Desk> {
    const key = `c-${crypto.randomUUID()}`;
    const decision = decide(undefined, create(terms(key, amount, more)), NOW);
    assert(decision.kind === "accepted");
    assert(await stores.store.create(key, decision.event) !== undefined);
    return new Desk(stores, key, (await stores.store.activate(key, NOW))!);
  }

  get id(): number {
    return this.active.handle.id;
  }

  /** Decides without storing; refusals are left out. */
  decide(...commands: CouponCommand[]): CouponEvent[] {
    return commands.flatMap((command) => {
      const decision = decide(this.active.state, command, NOW);
      if (decision.kind !== "accepted") return [];
      evolve(this.active.state, decision.event);
      this.told.set(command, decision.answer);
      return [decision.event];
    });
  }

  async tell(...commands: CouponCommand[]): Promise<void> {
    const events = this.decide(...commands);
    if (events.length === 0) return;
    const turn = this.active.turn + 1;
    await append(this.stores.store, { handle: this.active.handle, turn, events });
    this.active = { ...this.active, turn };
  }

  async fresh(): Promise<Coupon> {
    this.active = (await this.stores.store.activate(this.key, NOW))!;
    return this.active.state;
  }

  /** Every answer that was told is told again. */
  async assertRecalled(): Promise<void> {
    const answers = await this.stores.store.recall(this.active.handle, [...this.told.keys()]);
    for (const [command, answer] of this.told) {
      assert.deepEqual(answers.get(command.id), answer, JSON.stringify(command));
    }
  }

  /** `user +10.00`, `user -10.00`. */
  async entries(): Promise<string[]> {
    const entries = await this.stores.entries(this.id);
    return entries.map(({ userId, amount }) => `${userId} ${amount.startsWith("-") ? "" : "+"}${amount}`);
  }
}
