/** Where do sales live? The Store of sale actors: making, activation, the journal's lanes, and stored answers. */
import type { Handle, LoadedActor, Store } from "../ports/mod.ts";
import { contentOf, type SaleAnswer, type SaleCommand, type SaleEvent, type SaleKind } from "../domain/sale.ts";
import { parseSaleKey, saleKeyOf } from "../domain/sale_ids.ts";
import type { Lane } from "./lane.ts";
import { LaneStore } from "./lane_store.ts";
import type { SaleActivator } from "./sale_activator.ts";
import { uuidOf } from "./sale_batch.ts";
import { codeShown } from "./sale_sql.ts";
import { DURABLE, ms, type Sql, time } from "./sql.ts";

const MAKE = `select make_sale($1::integer, $2::integer, ${time("$3")}, ${time("$4")}, $5, $6::uuid, $7, $8::jsonb)
  where ${DURABLE}`;

const HELD = `jsonb_build_object('kind', 'held', ${codeShown("h")}, 'expiresAt', ${ms("h.expires_at")})`;

const RECALL = `with w as (select * from unnest($2::uuid[], $3::uuid[], $4::text[]) w(id, code, content))
select h.id, ${HELD} from w join holds h on h.sale_id = $1 and h.id = w.id and h.keyed
where w.content = 'checkout ' || h.n || ' ' || h.user_id
union all
select h.id, ${HELD} from w join holds h on h.sale_id = $1 and h.code = w.code and h.id = w.id and not h.keyed
union all
select p.id, jsonb_build_object('kind', 'purchased', ${codeShown("p")},
  'purchasedAt', ${ms("p.purchased_at")})
from w join holds h on h.sale_id = $1 and h.code = w.code
join purchases p on p.sale_id = $1 and p.n = h.n and p.code = h.code and p.id = w.id
union all
select r.id, r.answer from w join sale_receipts r on r.sale_id = $1 and r.id = w.id and r.content = w.content`;

const HOLDER = "select holder from sales where id = $1";

export class SaleStore extends LaneStore<SaleKind> implements Store<SaleKind> {
  constructor(sql: Sql, readonly activator: SaleActivator, lanes: readonly Lane<SaleEvent>[], holder: string) {
    super(sql, lanes, holder);
  }

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
    const row = await this.sendOnce("Cannot create a sale", MAKE, params, "make_sale");
    const epoch = row![0] as number | null;
    return epoch === null ? undefined : { id: number, epoch, lane: number };
  }

  recall(handle: Handle, commands: readonly SaleCommand[]): Promise<Map<string, SaleAnswer>> {
    const codes = commands.map((command) => "code" in command ? uuidOf(command.code) : null);
    const params = [handle.id, commands.map(({ id }) => id), codes, commands.map(contentOf)];
    return this.answers(RECALL, params, "recall_sale");
  }

  holderOf(key: string): Promise<string | undefined> {
    return this.holderIn(HOLDER, parseSaleKey(key), "sale_holder");
  }
}
