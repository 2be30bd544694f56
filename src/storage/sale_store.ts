/** Where do sales live? The Store of sale actors: making, activation, the journal's lanes, and stored answers. */
import type { Completion, Handle, LoadedActor, Part, Store } from "../ports/mod.ts";
import { contentOf, type SaleAnswer, type SaleCommand, type SaleEvent, type SaleKind } from "../domain/sale.ts";
import { parseSaleKey, saleKeyOf } from "../domain/sale_ids.ts";
import type { Lane } from "./lane.ts";
import type { SaleActivator } from "./sale_activator.ts";
import { uuidOf } from "./sale_batch.ts";
import { codeShown } from "./sale_sql.ts";
import { DURABLE, type Sql } from "./sql.ts";
import { lostOrUnavailable, retryOnLostConnection } from "./db_errors.ts";

const MAKE = `select make_sale($1::integer, $2::integer, to_timestamp($3::bigint / 1000::float8),
  to_timestamp($4::bigint / 1000::float8), $5, $6::uuid, $7, $8::jsonb) where ${DURABLE}`;

const HELD = `jsonb_build_object('kind', 'held', ${codeShown("h")},
  'expiresAt', (extract(epoch from h.expires_at) * 1000)::bigint)`;

const RECALL = `with w as (select * from unnest($2::uuid[], $3::uuid[], $4::text[]) w(id, code, content))
select h.id, ${HELD} from w join holds h on h.sale_id = $1 and h.id = w.id and h.keyed
where w.content = 'checkout ' || h.n || ' ' || h.user_id
union all
select h.id, ${HELD} from w join holds h on h.sale_id = $1 and h.code = w.code and h.id = w.id and not h.keyed
union all
select p.id, jsonb_build_object('kind', 'purchased', ${codeShown("p")},
  'purchasedAt', (extract(epoch from p.purchased_at) * 1000)::bigint)
from w join holds h on h.sale_id = $1 and h.code = w.code
join purchases p on p.sale_id = $1 and p.n = h.n and p.code = h.code and p.id = w.id
union all
select r.id, r.answer from w join sale_receipts r on r.sale_id = $1 and r.id = w.id and r.content = w.content`;

const HOLDER = "select holder from sales where id = $1";

/** The Store of sales over a database. */
export class SaleStore implements Store<SaleKind> {
  constructor(
    readonly sql: Sql,
    readonly activator: SaleActivator,
    readonly lanes: readonly Lane<SaleEvent>[],
    readonly holder: string,
  ) {}

  activate(key: string, now: number): Promise<LoadedActor<SaleKind["State"]> | undefined> {
    const number = parseSaleKey(key);
    return number === undefined ? Promise.resolve(undefined) : this.activator.activate(number, now);
  }

  async create(key: string, event: SaleEvent): Promise<Handle | undefined> {
    if (event.kind !== "opened") throw new TypeError(`Cannot make a sale by this event: ${event.kind}`);
    const { answer, id, content, at } = event;
    const { number, items, startsAt } = answer.sale;
    if (saleKeyOf(number) !== key) throw new TypeError(`Cannot make a sale under another key: ${key}`);
    const params = [number, items, startsAt, at, this.holder, id, content, JSON.stringify(answer)];
    try {
      const [row] = await this.sql.query(MAKE, params, "make_sale");
      const epoch = row![0] as number | null;
      return epoch === null ? undefined : { id: number, epoch, lane: number };
    } catch (error) {
      throw lostOrUnavailable(error, "Cannot make a sale");
    }
  }

  append(part: Part<SaleEvent>, completion: Completion): void {
    this.#laneOf(part.handle).add(part.handle, part, completion);
  }

  confirm(handle: Handle, completion: Completion): void {
    this.#laneOf(handle).add(handle, undefined, completion);
  }

  async recall(handle: Handle, commands: readonly SaleCommand[]): Promise<Map<string, SaleAnswer>> {
    const codes = commands.map((command) => "code" in command ? uuidOf(command.code) : null);
    const params = [handle.id, commands.map(({ id }) => id), codes, commands.map(contentOf)];
    const rows = await retryOnLostConnection(
      "Cannot read stored answers",
      () => this.sql.query(RECALL, params, "recall_sale"),
    );
    return new Map(rows.map(([id, answer]) => [id as string, answer as SaleAnswer]));
  }

  async holderOf(key: string): Promise<string | undefined> {
    const params = [parseSaleKey(key)];
    const [row] = await retryOnLostConnection(
      "Cannot read a holder",
      () => this.sql.query(HOLDER, params, "sale_holder"),
    );
    return row?.[0] as string | undefined;
  }

  #laneOf(handle: Handle): Lane<SaleEvent> {
    return this.lanes[handle.lane % this.lanes.length]!;
  }
}
