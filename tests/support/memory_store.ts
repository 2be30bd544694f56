/** A store of coupons in memory, with the fencing of the real one, whose next calls can be made to fail. */
import assert from "node:assert/strict";
import {
  type Completion,
  Fault,
  Fenced,
  type Handle,
  type LoadedActor,
  LostAnswer,
  type Part,
  type Store,
} from "../../src/ports/mod.ts";
import {
  contentOf,
  contentOfClaim,
  type Coupon,
  type CouponAnswer,
  type CouponCommand,
  type CouponEvent,
  type CouponKind,
  evolve,
} from "../../src/domain/coupon.ts";
import { KEEP_ANSWERS_MS } from "../../src/storage/batch.ts";
import { completeAfter } from "./stored.ts";

/** How a call fails: before or after it had its effect, or never sent. */
export type Failure = "lost before" | "lost after" | "unavailable" | "data error" | "fenced";

/** A coupon's row with its events. */
interface Row {
  readonly id: number;
  holder: string;
  epoch: number;
  turn: number;
  events: CouponEvent[];
  answers: Map<string, { content: string; answer: CouponAnswer }>;
}

/** An entry of a wallet, its amount with its sign. */
export interface Entry {
  readonly userId: string;
  readonly claimId: string;
  readonly isVoid: boolean;
  readonly amount: string;
}

/** The rows that several stores (nodes) may share. */
export class MemoryRows {
  readonly byKey = new Map<string, Row>();
}

/** A node's store over shared rows. */
export class MemoryStore implements Store<CouponKind> {
  /** Failures of the next appends, first first. */
  readonly failures: (Failure | undefined)[] = [];
  /** Set to make every call wait. */
  gate: Promise<void> = Promise.resolve();
  /** Microtask ticks that an append is under way, so that a second may overtake nothing but follow closely. */
  ticks = 0;
  activations = 0;
  appends = 0;

  constructor(readonly rows: MemoryRows = new MemoryRows(), readonly holder: string = "memory") {}

  async activate(key: string, now: number, staleState?: Coupon): Promise<LoadedActor<Coupon> | undefined> {
    await this.gate;
    this.activations++;
    const row = this.rows.byKey.get(key);
    if (row === undefined) return undefined;
    row.epoch++;
    row.holder = this.holder;
    const state = staleState === undefined ? knownAt(row, now) : broughtUp(staleState, knownAt(row, now), row.events);
    return { handle: { id: row.id, epoch: row.epoch, lane: row.id }, turn: row.turn, state };
  }

  async create(key: string, event: CouponEvent): Promise<Handle | undefined> {
    await this.gate;
    if (this.rows.byKey.has(key)) return undefined;
    const failure = this.failures.shift();
    if (failure === "lost before") throw new LostAnswer(failure);
    const { holder } = this;
    const row: Row = { id: this.rows.byKey.size + 1, holder, epoch: 1, turn: 0, events: [], answers: new Map() };
    this.rows.byKey.set(key, row);
    store(row, event);
    if (failure === "lost after") throw new LostAnswer(failure);
    return { id: row.id, epoch: row.epoch, lane: row.id };
  }

  append(part: Part<CouponEvent>, completion: Completion): void {
    completeAfter(completion, this.#append(part));
  }

  async #append(part: Part<CouponEvent>): Promise<void> {
    this.appends++;
    await this.gate;
    for (let tick = 0; tick < this.ticks; tick++) await undefined;
    const failure = this.failures.shift();
    if (failure === "unavailable") throw new Fault("storage_unavailable", failure);
    if (failure === "data error") throw new Fault("data_error", failure);
    if (failure === "lost before") throw new LostAnswer(failure);
    if (failure === "fenced") throw new Fenced(failure);
    const row = this.#row(part.handle);
    if (row.epoch !== part.handle.epoch || row.turn !== part.turn - 1) throw new Fenced("stale part");
    row.turn = part.turn;
    for (const event of part.events) store(row, event);
    if (failure === "lost after") throw new LostAnswer(failure);
  }

  confirm(handle: Handle, completion: Completion): void {
    completeAfter(completion, this.#confirm(handle));
  }

  async #confirm(handle: Handle): Promise<void> {
    await this.gate;
    if (this.#row(handle).epoch !== handle.epoch) throw new Fenced("stale epoch");
  }

  async recall(handle: Handle, commands: readonly CouponCommand[]): Promise<Map<string, CouponAnswer>> {
    await this.gate;
    const { answers } = this.#row(handle);
    return new Map(commands.flatMap((command) => {
      const found = answers.get(command.id);
      return found !== undefined && found.content === contentOf(command) ? [[command.id, found.answer]] : [];
    }));
  }

  async holderOf(key: string): Promise<string | undefined> {
    await this.gate;
    return this.rows.byKey.get(key)?.holder;
  }

  /** Users who hold a claim on a coupon, in order of claiming. */
  holders(key: string): string[] {
    const row = this.rows.byKey.get(key)!;
    const holders = new Set<string>();
    for (const event of row.events) {
      if (event.kind === "claimed") holders.add(event.userId);
      if (event.kind === "voided") holders.delete(event.userId);
    }
    return [...holders];
  }

  /** What a charge's claims and voids come to in wallets, in their order. @param id the coupon's row */
  entries(id: number): Entry[] {
    const held = new Map<string, { userId: string; claimId: string; amount: string }>();
    return [...this.rows.byKey.values()].find((row) => row.id === id)!.events.flatMap((event): Entry[] => {
      const credit = event.kind === "claimed" ? event.details?.credit : undefined;
      if (credit !== undefined) {
        const entry = { userId: event.userId, claimId: event.id, amount: credit };
        held.set(event.userId, entry);
        return [{ ...entry, isVoid: false }];
      }
      const taken = event.kind === "voided" ? held.get(event.userId) : undefined;
      return taken === undefined ? [] : [{ ...taken, isVoid: true, amount: `-${taken.amount}` }];
    });
  }

  /** A coupon's stored state. */
  state(key: string): Coupon {
    return stateOf(this.rows.byKey.get(key)!);
  }

  #row(handle: Handle): Row {
    return [...this.rows.byKey.values()].find(({ id }) => id === handle.id)!;
  }
}

function store(row: Row, event: CouponEvent): void {
  row.events.push(event);
  if (event.kind !== "claimed") {
    row.answers.set(event.id, event);
    return;
  }
  const { id, userId, remaining, at, details } = event;
  const couponName = stateOf(row).name;
  const told = { kind: "claimed", claimId: id, userId, couponName, remaining, claimedAt: at } as const;
  const answer = details === undefined ? told : { ...told, details };
  row.answers.set(id, { content: contentOfClaim(event), answer });
}

function stateOf(row: Row): Coupon {
  let coupon: Coupon | undefined;
  for (const event of row.events) coupon = evolve(coupon, event);
  return coupon!;
}

/** A coupon's state with the keys that are still known. */
function knownAt(row: Row, now: number): Coupon {
  const coupon = stateOf(row);
  if (coupon.kind === "charge") return coupon;
  const claims = new Map<string, string>();
  for (const event of row.events) {
    if (event.kind === "claimed") {
      claims.set(event.userId, event.id); // a claim's key is as old as the claim, and is kept with it
    } else if (event.at <= now - KEEP_ANSWERS_MS) {
      coupon.keys.delete(event.id);
      if (event.kind === "voided") coupon.keys.delete(claims.get(event.userId)!);
    }
  }
  return coupon;
}

/** What a store makes of a stale state: it adds the claims since then, unless the numbers tell that some were voided. */
function broughtUp(staleState: Coupon, whole: Coupon, events: readonly CouponEvent[]): Coupon {
  const { holders, seq } = staleState;
  for (const event of events) {
    if (event.kind === "claimed" && event.seq > seq && whole.holders.has(event.userId)) holders.add(event.userId);
  }
  if (holders.size !== whole.holders.size) return whole;
  const users = new Set(events.map(({ userId }) => userId));
  for (const user of users) {
    assert.equal(holders.has(user), whole.holders.has(user), "a staleState that never was true");
  }
  return { ...whole, holders };
}
