/** Sales in memory: a store with the fencing of the real one, and views of what it holds. */
import type {
  Clock,
  Completion,
  Handle,
  ItemState,
  LoadedActor,
  Page,
  Part,
  SaleSummary,
} from "../../src/ports/mod.ts";
import type { SaleViews, Store } from "../../src/ports/mod.ts";
import { Fenced } from "../../src/ports/mod.ts";
import {
  evolve,
  phaseOf,
  type Sale,
  type SaleAnswer,
  type SaleCommand,
  type SaleEvent,
  type SaleKind,
  type SaleSettings,
  viewOf,
} from "../../src/domain/sale.ts";
import { formatCode, itemIdOf, saleKeyOf, saleNumberAt } from "../../src/domain/sale_ids.ts";
import { completeAfter } from "./stored.ts";

interface Row {
  readonly number: number;
  epoch: number;
  turn: number;
  readonly events: SaleEvent[];
  readonly answers: Map<string, SaleAnswer>;
}

/** A node's store of sales; nodes may share the rows. */
export class MemorySaleStore implements Store<SaleKind> {
  /** Calls of `create` that are to fail, first first. */
  readonly failures: (Error | undefined)[] = [];

  constructor(readonly rows: Map<string, Row> = new Map()) {}

  activate(key: string): Promise<LoadedActor<Sale> | undefined> {
    const row = this.rows.get(key);
    if (row === undefined) return Promise.resolve(undefined);
    const handle = { id: row.number, epoch: ++row.epoch, lane: row.number };
    return Promise.resolve({ handle, turn: row.turn, state: stateOf(row) });
  }

  async create(key: string, event: SaleEvent): Promise<Handle | undefined> {
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    if (this.rows.has(key) || event.kind !== "opened") return undefined;
    const { number } = event.answer.sale;
    const row: Row = { number, epoch: 1, turn: 0, events: [], answers: new Map() };
    this.rows.set(key, row);
    keep(row, event);
    return await { id: number, epoch: 1, lane: number };
  }

  append(part: Part<SaleEvent>, completion: Completion): void {
    completeAfter(completion, this.#append(part));
  }

  async #append({ handle, turn, events }: Part<SaleEvent>): Promise<void> {
    const row = await this.rows.get(saleKeyOf(handle.id))!;
    if (row.epoch !== handle.epoch || row.turn !== turn - 1) throw new Fenced("stale part");
    row.turn = turn;
    for (const event of events) keep(row, event);
  }

  confirm(handle: Handle, completion: Completion): void {
    completeAfter(completion, this.#confirm(handle));
  }

  async #confirm(handle: Handle): Promise<void> {
    if ((await this.rows.get(saleKeyOf(handle.id)))!.epoch !== handle.epoch) throw new Fenced("stale epoch");
  }

  recall(handle: Handle, commands: readonly SaleCommand[]): Promise<Map<string, SaleAnswer>> {
    const { answers } = this.rows.get(saleKeyOf(handle.id))!;
    return Promise.resolve(new Map(commands.flatMap(({ id }) => answers.has(id) ? [[id, answers.get(id)!]] : [])));
  }
}

function keep(row: Row, event: SaleEvent): void {
  row.events.push(event);
  const shown = ({ code, n, userId }: { code: string; n: number; userId: string }) => ({
    code: formatCode(saleKeyOf(row.number), code),
    itemId: itemIdOf(row.number, n),
    userId,
  });
  if (event.kind === "held") row.answers.set(event.id, { kind: "held", ...shown(event), expiresAt: event.expiresAt });
  else if (event.kind === "purchased") {
    row.answers.set(event.id, { kind: "purchased", ...shown(event), purchasedAt: event.at });
  } else if (event.kind !== "attempted") row.answers.set(event.id, event.answer);
  else if (event.receipt !== undefined) row.answers.set(event.id, event.receipt.answer);
}

function stateOf(row: Row): Sale {
  let sale: Sale | undefined;
  for (const event of row.events) sale = evolve(sale, event);
  return sale!;
}

function page<T>(all: readonly T[], offset: number, limit: number): Page<T> {
  return { data: all.slice(offset, offset + limit), total: all.length };
}

/** Views over a memory store's rows. */
export class MemorySaleViews implements SaleViews {
  constructor(
    readonly store: MemorySaleStore,
    readonly clock: Pick<Clock, "now">,
    readonly closes: SaleSettings["closes"],
  ) {}

  sale(number: number): Promise<SaleSummary | undefined> {
    const row = this.#row(number);
    return Promise.resolve(row === undefined ? undefined : this.#summary(row));
  }

  current(): number {
    return saleNumberAt(this.clock.now());
  }

  sales(phase: string | undefined, offset: number, limit: number): ReturnType<SaleViews["sales"]> {
    const all = [...this.store.rows.values()].sort((a, b) => b.number - a.number).map((row) => this.#summary(row));
    return Promise.resolve(page(all.filter((sale) => phase === undefined || sale.phase === phase), offset, limit));
  }

  items(number: number, state: ItemState | undefined, offset: number, limit: number): ReturnType<SaleViews["items"]> {
    const row = this.#row(number);
    if (row === undefined) return Promise.resolve(undefined);
    const sale = stateOf(row);
    const all = Array.from(
      { length: sale.items },
      (_, place) => ({ n: place + 1, state: this.#state(sale, place + 1) }),
    );
    return Promise.resolve(page(all.filter((item) => state === undefined || item.state === state), offset, limit));
  }

  async itemsAfter(
    number: number,
    state: ItemState | undefined,
    after: number,
    limit: number,
  ): ReturnType<SaleViews["itemsAfter"]> {
    const all = await this.items(number, state, 0, Infinity);
    if (all === undefined) return undefined;
    const rest = all.data.filter(({ n }) => n > after);
    const data = rest.slice(0, limit);
    return { data, next: rest.length > limit ? data.at(-1)!.n : undefined };
  }

  async item(number: number, n: number): ReturnType<SaleViews["item"]> {
    return (await this.items(number, undefined, 0, Infinity))?.data[n - 1];
  }

  attempts(
    number: number,
    outcome: string | undefined,
    after: number,
    limit: number,
  ): ReturnType<SaleViews["attempts"]> {
    const all = this.#row(number)?.events.flatMap((event) => {
      if (event.kind !== "held" && event.kind !== "attempted") return [];
      const { seq, userId, n, at } = event;
      return [{ seq, userId, n, at, outcome: event.kind === "held" ? "ok" : event.outcome }];
    }).filter((attempt) => outcome === undefined || attempt.outcome === outcome);
    if (all === undefined) return Promise.resolve(undefined);
    const rest = all.filter(({ seq }) => seq > after);
    const data = rest.slice(0, limit);
    return Promise.resolve({ data, total: all.length, next: rest.length > limit ? data.at(-1)!.seq : undefined });
  }

  hold(number: number, code: string): ReturnType<SaleViews["hold"]> {
    const row = this.#row(number);
    const hold = row === undefined ? undefined : stateOf(row).holds.get(code);
    if (hold === undefined) return Promise.resolve(undefined);
    const { n, userId, expiresAt, ended, slot } = hold;
    const purchasedAt = slot > 0 ? this.clock.now() : null;
    const isLive = slot === 0 && !ended && this.clock.now() < expiresAt;
    const isSold = this.#state(stateOf(row!), n) === "sold";
    return Promise.resolve({
      ...{ n, userId, createdAt: 0, expiresAt, endedAt: ended && slot === 0 ? 0 : null, purchasedAt, isLive, isSold },
    });
  }

  #row(number: number): Row | undefined {
    return this.store.rows.get(saleKeyOf(number));
  }

  #state(sale: Sale, n: number): ItemState {
    const item = sale.stock[n];
    if (item?.soldBy !== undefined) return "sold";
    return (item?.holds.lastUntil(this.clock.now()) ?? 0) > this.clock.now() ? "held" : "available";
  }

  #summary(row: Row): SaleSummary {
    const sale = stateOf(row);
    const held = sale.stock.filter((_, n) => n > 0 && this.#state(sale, n) === "held").length;
    return { ...viewOf(sale), held, phase: phaseOf(sale, this.closes, this.clock.now()) };
  }
}
