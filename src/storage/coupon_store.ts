/** Where do coupons live? The Store of coupon actors: activation, the journal's lanes, and stored answers. */
import type { Handle, LoadedActor, Store } from "../ports/mod.ts";
import {
  contentOf,
  type Coupon,
  type CouponAnswer,
  type CouponCommand,
  type CouponEvent,
  type CouponKind,
} from "../domain/coupon.ts";
import { normalizeName } from "../domain/name_key.ts";
import { claimAnswerOf, claimContentOf } from "./coupon_sql.ts";
import { storedTerms, TERMS_COLUMNS, TERMS_VALUES } from "./coupon_terms.ts";
import type { CouponActivator } from "./coupon_activator.ts";
import type { Lane } from "./lane.ts";
import { LaneStore } from "./lane_store.ts";
import { DURABLE, type Sql, time } from "./sql.ts";

const CREATE = `with c as (
  insert into coupons (fold, name, receipts, created_at, updated_at, holder, ${TERMS_COLUMNS})
  select $1, $2, (${DURABLE})::integer, ${time("$3")}, ${time("$3")}, $4,
    ${TERMS_VALUES}
  from (select $5::jsonb terms) t
  on conflict (fold) do nothing
  returning id, epoch
),
r as (
  insert into receipts (coupon_id, id, at, content, answer) select id, $6::uuid, ${time("$3")}, $7, $8::jsonb from c
)
select id, epoch from c`;

const RECALL = `select k.claim_id, ${claimAnswerOf("k", "c.name")}
from unnest($2::text[], $3::uuid[], $4::text[]) w(content, id, user_id)
join claims k on k.coupon_id = $1 and k.user_id = w.user_id and k.claim_id = w.id
join coupons c on c.id = $1
where w.content = ${claimContentOf("k")}
union all
select r.id, r.answer
from unnest($2::text[], $3::uuid[]) w(content, id)
join receipts r on r.coupon_id = $1 and r.id = w.id and r.content = w.content`;

const HOLDER = "select holder from coupons where fold = $1";

export class CouponStore extends LaneStore<CouponKind> implements Store<CouponKind> {
  constructor(sql: Sql, readonly activator: CouponActivator, lanes: readonly Lane<CouponEvent>[], holder: string) {
    super(sql, lanes, holder);
  }

  activate(key: string, now: number, staleState?: Coupon): Promise<LoadedActor<Coupon> | undefined> {
    return this.activator.activate(key, now, staleState);
  }

  async create(key: string, event: CouponEvent): Promise<Handle | undefined> {
    if (event.kind !== "created" || event.answer.kind !== "created") {
      throw new TypeError(`Cannot create a coupon by this event: ${event.kind}`);
    }
    const { coupon } = event.answer;
    if (normalizeName(coupon.name) !== key) throw new TypeError(`Cannot create a coupon under another key: ${key}`);
    const terms = JSON.stringify(storedTerms(coupon));
    const answer = JSON.stringify(event.answer);
    const params = [key, coupon.name, event.at, this.holder, terms, event.id, event.content, answer];
    const row = await this.sendOnce("Cannot create a coupon", CREATE, params, "create");
    if (row === undefined) return undefined;
    const [id, epoch] = row as [number, number];
    return { id, epoch, lane: id };
  }

  recall(handle: Handle, commands: readonly CouponCommand[]): Promise<Map<string, CouponAnswer>> {
    const users = commands.map((command) =>
      command.kind === "claim" || command.kind === "validate" ? command.userId : ""
    );
    const params = [handle.id, commands.map(contentOf), commands.map(({ id }) => id), users];
    return this.answers(RECALL, params, "recall");
  }

  holderOf(key: string): Promise<string | undefined> {
    return this.holderIn(HOLDER, key, "holder");
  }
}
