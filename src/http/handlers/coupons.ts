/** The handlers of coupons and claims. */
import type * as z from "zod";
import {
  type CouponPage,
  type Coupons,
  type CouponViews,
  type EligibilityViews,
  Fault,
  type OutcomeOf,
  type Page,
} from "../../ports/mod.ts";
import type { CouponCommand, CouponKind, CouponView } from "../../domain/coupon.ts";
import { isUserId, normalizeName, normalizeSearch } from "../../domain/name_key.ts";
import { answer, type Answered, outcomeAnswer, type ProblemCode, refusal } from "../answers/answer.ts";
import { actsFor } from "../auth/callers.ts";
import type { ClaimBody, CreateBody, EditBody } from "../../contract/bodies.ts";
import { changesOf, claimOf, termsOf } from "../../contract/checks.ts";
import type { couponListQuery, CursorQuery } from "../../contract/values.ts";
import { commandId } from "../requests/command_id.ts";
import { placeAfter, showPage, showPart } from "../requests/pages.ts";
import type { QueryOf } from "../requests/query.ts";
import { recordedAs, type RoutedRequest } from "../requests/routed_request.ts";
import { showClaim, showCoupon, showCouponPage } from "../answers/shown.ts";
import { ShownOnce } from "../answers/shown_once.ts";

/** Attempts to read a membership: the coupon's segment may be edited between the read and the claim. */
const ROUNDS_MAX = 3;

/** A claim, or its validation. */
export type ClaimCommand = Extract<CouponCommand, { kind: "claim" | "validate" }>;

/** Whether the coupon needs the user's membership to decide. */
export function needsMembership(outcome: OutcomeOf<CouponKind>): boolean {
  return outcome.kind === "refused" && outcome.refusal === "membership_needed";
}

/**
 * Repeats a claim with the user's membership. The actor of a coupon for a segment's members cannot read memberships: it
 * refuses with `membership_needed`, the membership is read here, and the claim is sent again with the same id.
 *
 * @throws Fault `moved` if the coupon needed a different membership each time; and what reading and asking throw
 */
export async function askAsMember(
  coupons: Coupons,
  memberships: EligibilityViews,
  fold: string,
  command: ClaimCommand,
): Promise<OutcomeOf<CouponKind>> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const membership = await memberships.membership(fold, command.userId);
    const outcome = await coupons.ask(fold, membership === undefined ? command : { ...command, membership });
    if (!needsMembership(outcome)) return outcome;
  }
  throw new Fault("moved", `Command dropped: its coupon asked for another segment ${ROUNDS_MAX} times`);
}

/** Maximum number of holders that a coupon shows. */
const CLAIMED_BY_MAX = 1_000;

/** Each handler throws InvalidRequest, BadRequest or Fault. */
export class CouponHandlers {
  readonly #shown = new ShownOnce<CouponPage>();
  readonly #listed = new ShownOnce<Page<CouponView>>();

  constructor(
    readonly coupons: Coupons,
    readonly views: CouponViews,
    readonly memberships: EligibilityViews,
  ) {}

  claim(routed: RoutedRequest<unknown, z.output<typeof ClaimBody>>): Promise<Answered> {
    return this.#claimOrValidate("claim", routed);
  }

  validate(routed: RoutedRequest<unknown, z.output<typeof ClaimBody>>): Promise<Answered> {
    return this.#claimOrValidate("validate", routed);
  }

  async #claimOrValidate(
    kind: "claim" | "validate",
    { request, id, caller, body }: RoutedRequest<unknown, z.output<typeof ClaimBody>>,
  ): Promise<Answered> {
    const { userId, fold, orderAmount } = claimOf(body);
    actsFor(caller, userId);
    const { id: commanded, keyed } = commandId(request.headers, caller, fold);
    const plain = { kind, id: commanded, keyed, userId };
    const command = orderAmount === undefined ? plain : { ...plain, orderAmount };
    let outcome = await this.coupons.ask(fold, command);
    if (needsMembership(outcome)) outcome = await askAsMember(this.coupons, this.memberships, fold, command);
    if (outcome.kind === "refused" && outcome.refusal === "coupon_not_found") {
      return refusal("coupon_not_found", id, undefined, "coupon_name");
    }
    return outcomeAnswer(outcome, id);
  }

  async create(routed: RoutedRequest<unknown, z.output<typeof CreateBody>>): Promise<Answered> {
    const { terms, fold } = termsOf(routed.body);
    return await this.#tell(routed, fold, { kind: "create", terms });
  }

  async edit(routed: RoutedRequest<unknown, z.output<typeof EditBody>>): Promise<Answered> {
    const fold = normalizeName(routed.names[0]!);
    if (fold === undefined) return refusal("coupon_not_found", routed.id);
    return await this.#tell(routed, fold, { kind: "edit", changes: changesOf(routed.body) });
  }

  /** `coupon_not_found` if a path names no coupon. */
  async absent(names: readonly string[]): Promise<ProblemCode | undefined> {
    const fold = normalizeName(names[0]!);
    const coupon = fold === undefined ? undefined : await this.views.coupon(fold, 0);
    return coupon === undefined ? "coupon_not_found" : undefined;
  }

  async void(routed: RoutedRequest): Promise<Answered> {
    const { id, names } = routed;
    const [name, userId] = names as [string, string];
    const fold = normalizeName(name);
    if (fold === undefined) return refusal("coupon_not_found", id);
    if (!isUserId(userId)) return refusal("claim_not_found", id);
    return await this.#tell(routed, fold, { kind: "void", userId });
  }

  async #tell(
    { request, id, caller, act }: RoutedRequest,
    fold: string,
    command: Partial<CouponCommand>,
  ): Promise<Answered> {
    const whole = { ...command, ...commandId(request.headers, caller, fold), ...recordedAs(act) } as CouponCommand;
    return outcomeAnswer(await this.coupons.ask(fold, whole), id);
  }

  async show({ id, names }: RoutedRequest): Promise<Answered> {
    const fold = normalizeName(names[0]!);
    const coupon = fold === undefined ? undefined : await this.views.coupon(fold, CLAIMED_BY_MAX);
    if (coupon === undefined) return refusal("coupon_not_found", id);
    return answer(200, id, this.#shown.json(coupon, showCouponPage));
  }

  async list({ query, id }: RoutedRequest<QueryOf<typeof couponListQuery>>): Promise<Answered> {
    const { search = "", page, per_page } = query;
    const found = await this.views.coupons(normalizeSearch(search)!, (page - 1) * per_page, per_page);
    return answer(200, id, this.#listed.json(found, (found) => showPage(found, query, showCoupon)));
  }

  async claims({ query, id, names }: RoutedRequest<CursorQuery>): Promise<Answered> {
    const fold = normalizeName(names[0]!);
    const list = `claims ${fold}`;
    const after = placeAfter(query.cursor, list);
    const part = fold === undefined ? undefined : await this.views.claims(fold, after, query.limit);
    return part === undefined
      ? refusal("coupon_not_found", id)
      : answer(200, id, JSON.stringify(showPart(part, list, showClaim)));
  }

  async showClaim({ id, names }: RoutedRequest): Promise<Answered> {
    const [name, userId] = names as [string, string];
    const fold = normalizeName(name);
    if (fold === undefined) return refusal("coupon_not_found", id);
    const claim = isUserId(userId) ? await this.views.claim(fold, userId) : undefined;
    if (claim !== undefined) {
      return answer(200, id, JSON.stringify({ coupon_name: claim.couponName, ...showClaim(claim) }));
    }
    const exists = await this.views.coupon(fold, 0) !== undefined;
    return refusal(exists ? "claim_not_found" : "coupon_not_found", id);
  }
}
