/** What can be asked of coupons over HTTP? */
import type { CouponPage, Coupons, CouponViews, EligibilityViews, Page } from "../../ports/mod.ts";
import type { CouponCommand, CouponView } from "../../domain/coupon.ts";
import { normalizeName } from "../../domain/name_key.ts";
import { isUserId } from "../../domain/text.ts";
import { answer, type Answered, outcomeAnswer, refusal } from "../answers/answer.ts";
import type { BodyReader } from "../requests/body.ts";
import { actsFor, type Caller } from "../auth/callers.ts";
import { changesOf, claimOf, termsOf } from "../../contract/checks.ts";
import { commandId } from "../requests/command_id.ts";
import { askAsMember, needsMembership } from "./eligibility.ts";
import { cursorAfter, cursorOf, limitOf, pageOf, searchOf, showPage } from "../requests/pages.ts";
import { InvalidRequest } from "../../contract/invalid.ts";
import type { RequestId } from "../requests/request_id.ts";
import { recordedAs, type RoutedRequest } from "../requests/routed_request.ts";
import { showClaim, showCoupon, showCouponPage } from "../answers/shown.ts";
import { ShownOnce } from "../answers/shown_once.ts";

/** Holders that a coupon's own view shows. */
const CLAIMED_BY_MAX = 1_000;

/** The routes of coupons. Each throws BadRequest or Fault. */
export class CouponRoutes {
  readonly #shown = new ShownOnce<CouponPage>();
  readonly #listed = new ShownOnce<Page<CouponView>>();

  constructor(
    readonly coupons: Coupons,
    readonly views: CouponViews,
    readonly bodies: BodyReader,
    readonly memberships: EligibilityViews,
  ) {}

  /** POST /api/coupons/claim */
  claim(request: Request, id: RequestId, caller: Caller): Promise<Answered> {
    return this.#claimOrValidate("claim", request, id, caller);
  }

  /** POST /api/coupons/validate */
  validate({ request, id, caller }: RoutedRequest): Promise<Answered> {
    return this.#claimOrValidate("validate", request, id, caller);
  }

  async #claimOrValidate(
    kind: "claim" | "validate",
    request: Request,
    id: RequestId,
    caller: Caller,
  ): Promise<Answered> {
    const { userId, fold, orderAmount } = claimOf(await this.bodies.json(request));
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

  /** POST /api/coupons */
  async create(routed: RoutedRequest): Promise<Answered> {
    const { terms, fold } = termsOf(await this.bodies.json(routed.request));
    return await this.#tell(routed, fold, { kind: "create", terms });
  }

  /** PUT or PATCH /api/coupons/{name} */
  async edit(routed: RoutedRequest): Promise<Answered> {
    const { request, id, names } = routed;
    const fold = normalizeName(names[0]!);
    if (fold === undefined) return refusal("coupon_not_found", id);
    let changes;
    try {
      changes = changesOf(await this.bodies.optionalJson(request));
    } catch (error) {
      // 404 comes before 400.
      const known = error instanceof InvalidRequest;
      if (known && await this.views.coupon(fold, 0) === undefined) return refusal("coupon_not_found", id);
      throw error;
    }
    return await this.#tell(routed, fold, { kind: "edit", changes });
  }

  /** DELETE /api/coupons/{name}/claims/{user_id} */
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

  /** GET /api/coupons/{name} */
  async show({ id, names }: RoutedRequest): Promise<Answered> {
    const fold = normalizeName(names[0]!);
    const coupon = fold === undefined ? undefined : await this.views.coupon(fold, CLAIMED_BY_MAX);
    if (coupon === undefined) return refusal("coupon_not_found", id);
    return answer(200, id, this.#shown.json(coupon, showCouponPage));
  }

  /** GET /api/coupons */
  async list({ target: { query }, id }: RoutedRequest): Promise<Answered> {
    const { page, perPage } = pageOf(query);
    const found = await this.views.coupons(searchOf(query), (page - 1) * perPage, perPage);
    return answer(200, id, this.#listed.json(found, (found) => showPage(found, page, perPage, showCoupon)));
  }

  /** GET /api/coupons/{name}/claims */
  async claims({ target: { query }, id, names }: RoutedRequest): Promise<Answered> {
    const limit = limitOf(query);
    const fold = normalizeName(names[0]!);
    const list = `claims ${fold}`;
    const after = cursorOf(query, list);
    const page = fold === undefined ? undefined : await this.views.claims(fold, after, limit);
    if (page === undefined) return refusal("coupon_not_found", id);
    const next_cursor = page.next === undefined ? null : cursorAfter(list, page.next);
    return answer(200, id, JSON.stringify({ data: page.data.map(showClaim), next_cursor }));
  }

  /** GET /api/coupons/{name}/claims/{user_id} */
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
