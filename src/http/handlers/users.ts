/** The handlers of users, segments and wallets. */
import type * as z from "zod";
import type { ListPart, Memberships, PurchaseView, UserViews, WalletEntryView } from "../../ports/mod.ts";
import { formatCode, saleKeyOf } from "../../domain/sale_ids.ts";
import { isUserId } from "../../domain/name_key.ts";
import { answer, type Answered, refusal } from "../answers/answer.ts";
import type { MembershipBody } from "../../contract/bodies.ts";
import { membershipOf } from "../../contract/checks.ts";
import { type CursorQuery, showTime } from "../../contract/values.ts";
import { placeAfter, showPart } from "../requests/pages.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { showItem } from "../answers/sale_shown.ts";
import { showClaim } from "../answers/shown.ts";

/** Maximum number of segments that a user shows. */
const SEGMENTS_MAX = 1_000;
const DEMONSTRATION = Array.from({ length: 101 }, (_, place) => `user_${place}`);

function showWalletEntry({ couponName, claimId, isVoid, amount, at }: WalletEntryView): Record<string, unknown> {
  const kind = isVoid ? "void" : "credit";
  return { coupon_name: couponName, claim_id: claimId, kind, amount, at: showTime(at) };
}

function showPurchase({ number, n, userId, code, purchasedAt }: PurchaseView): Record<string, unknown> {
  const key = saleKeyOf(number);
  const item = showItem({ number, n });
  return { item, user_id: userId, code: formatCode(key, code), purchased_at: showTime(purchasedAt) };
}

/** Each handler throws InvalidRequest, BadRequest or Fault. */
export class UserHandlers {
  constructor(readonly memberships: Memberships, readonly views: UserViews) {}

  async put({ id, body }: RoutedRequest<unknown, z.output<typeof MembershipBody>>): Promise<Answered> {
    const membership = membershipOf(body);
    const isNew = await this.memberships.put(membership);
    const { userId, segment, expiresAt } = membership;
    const message = `User ${isNew ? "created" : "updated"} successfully`;
    const shown = { expired_segment: expiresAt, expires_at: showTime(expiresAt * 1_000) };
    return answer(isNew ? 201 : 200, id, JSON.stringify({ message, id: userId, segment, ...shown }));
  }

  async segments({ id }: RoutedRequest): Promise<Answered> {
    const counts = await this.views.segments();
    return answer(200, id, JSON.stringify(counts.map(({ title, users }) => ({ title, usersCount: users }))));
  }

  async register({ id }: RoutedRequest): Promise<Answered> {
    const created = await this.memberships.register(DEMONSTRATION);
    const message = "Users registered successfully";
    return answer(200, id, JSON.stringify({ message, users: DEMONSTRATION.length, created }));
  }

  async show({ id, names }: RoutedRequest): Promise<Answered> {
    const [userId] = names as [string];
    const user = isUserId(userId) ? await this.views.user(userId, SEGMENTS_MAX) : undefined;
    if (user === undefined) return refusal("user_not_found", id);
    const segments = user.segments.map(({ title, expiresAt }) => ({ title, expires_at: showTime(expiresAt) }));
    return answer(200, id, JSON.stringify({ id: user.id, segments, balance: user.balance }));
  }

  wallet(routed: RoutedRequest<CursorQuery>): Promise<Answered> {
    const read = (user: string, after: number, limit: number) => this.views.wallet(user, after, limit);
    return this.#page(routed, "wallet", read, showWalletEntry);
  }

  claims(routed: RoutedRequest<CursorQuery>): Promise<Answered> {
    const read = (user: string, after: number, limit: number) => this.views.claims(user, after, limit);
    return this.#page(routed, "user_claims", read, (claim) => ({ coupon_name: claim.couponName, ...showClaim(claim) }));
  }

  purchases(routed: RoutedRequest<CursorQuery>): Promise<Answered> {
    const read = (user: string, after: number, limit: number) => this.views.purchases(user, after, limit);
    return this.#page(routed, "user_purchases", read, showPurchase);
  }

  async #page<View>(
    { query: { cursor, limit }, id, names }: RoutedRequest<CursorQuery>,
    list: "wallet" | "user_claims" | "user_purchases",
    read: (userId: string, after: number, limit: number) => Promise<ListPart<View, number> | undefined>,
    show: (view: View) => unknown,
  ): Promise<Answered> {
    // Only the places of claims are four-byte integers in PostgreSQL.
    const [userId] = names as [string];
    const whose = `${list} ${userId}`;
    const after = placeAfter(cursor, whose, list === "user_claims" ? undefined : Number.MAX_SAFE_INTEGER);
    const part = isUserId(userId) ? await read(userId, after, limit) : undefined;
    if (part === undefined) return refusal("user_not_found", id);
    return answer(200, id, JSON.stringify(showPart(part, whose, show)));
  }
}
