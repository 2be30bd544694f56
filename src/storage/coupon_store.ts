/** Where do coupons live? The Store of coupon actors: activation, the journal's lanes, and stored answers. */
import type { Handle, LoadedActor, Store } from "../ports/mod.ts";
import {
  contentOf,
  type CouponAnswer,
  type CouponCommand,
  type CouponEvent,
  type CouponKind,
} from "../domain/coupon.ts";
import { MONEY_FIELDS, MONEY_TERMS } from "../domain/coupon_terms.ts";
import { normalizeName } from "../domain/name_key.ts";
import { claimAnswerOf, claimContentOf } from "./coupon_sql.ts";
import { keyOf } from "./coupon_terms.ts";
import type { CouponActivator } from "./coupon_activator.ts";
import type { Lane } from "./lane.ts";
import { LaneStore } from "./lane_store.ts";
import { DURABLE, type Sql, time } from "./sql.ts";

const CREATE = `with c as (
  insert into coupons (fold, name, amount, remaining, receipts, starts_at, ends_at, created_at, updated_at, holder,
    kind, segment, segment_key, ${Object.values(MONEY_FIELDS).join(", ")})
  values ($1, $2, $3, $3, (${DURABLE})::integer, ${time("$4")}, ${time("$5")}, ${time("$6")}, ${time("$6")}, $7,
    $11, $12, $13, ${MONEY_TERMS.map((_, place) => `$${14 + place}::numeric`).join(", ")})
  on conflict (fold) do nothing
  returning id, epoch
),
r as (
  insert into receipts (coupon_id, id, at, content, answer)
  select id, $8::uuid, ${time("$6")}, $9, $10::jsonb from c
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

/** The Store of coupons over a database. */
export class CouponStore extends LaneStore<CouponKind> implements Store<CouponKind> {
  constructor(sql: Sql, readonly activator: CouponActivator, lanes: readonly Lane<CouponEvent>[], holder: string) {
    super(sql, lanes, holder);
  }

  activate(
    key: string,
    now: number,
    staleState?: CouponKind["State"],
  ): Promise<LoadedActor<CouponKind["State"]> | undefined> {
    return this.activator.activate(key, now, staleState);
  }

  async create(key: string, event: CouponEvent): Promise<Handle | undefined> {
    if (event.kind !== "created" || event.answer.kind !== "created") {
      throw new TypeError(`Cannot create a coupon by this event: ${event.kind}`);
    }
    const { coupon } = event.answer;
    if (normalizeName(coupon.name) !== key) throw new TypeError(`Cannot create a coupon under another key: ${key}`);
    const { name, amount, startsAt, endsAt, kind, segment } = coupon;
    const params = [key, name, amount, startsAt, endsAt, event.at, this.holder, event.id, event.content];
    const terms = [kind, segment, keyOf(segment), ...MONEY_TERMS.map((term) => coupon[term])];
    params.push(JSON.stringify(event.answer), ...terms);
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
