/** The handlers of holds and purchases. */
import type { SaleViews } from "../../ports/mod.ts";
import { isOfCurrentSale, parseCode, parseItemId, saleKeyOf } from "../../domain/sale_ids.ts";
import { isUserId } from "../../domain/name_key.ts";
import { answer, type Answered, refusal } from "../answers/answer.ts";
import { actsFor, type Caller, OWN_CODE, soleUserOf } from "../auth/callers.ts";
import { newCode } from "./codes.ts";
import { askCurrent } from "./current_sale.ts";
import { invalid } from "../../contract/invalid.ts";
import { recordedAs, type RoutedRequest } from "../requests/routed_request.ts";
import { type AskedSales, askSale, tellSale, type Wanted, wordSale } from "./sale_asking.ts";
import { showHold } from "../answers/sale_shown.ts";
import type { Target } from "../requests/target.ts";

type WithCode = RoutedRequest<{ readonly code: string }>;

interface CheckoutQuery {
  readonly user_id: string | undefined;
  readonly id: string | undefined;
  readonly code: string | undefined;
}

export interface CheckoutParts extends AskedSales {
  readonly views: SaleViews;
}

/** Each handler throws InvalidRequest, BadRequest or Fault. */
export class CheckoutHandlers {
  constructor(readonly parts: CheckoutParts) {}

  /** Checks out an item for a user; with a code, purchases its item. */
  async checkout(routed: RoutedRequest<CheckoutQuery>): Promise<Answered> {
    const { request, target, id, caller, query: { user_id: userId, id: item, code } } = routed;
    if (code !== undefined) {
      if (item !== undefined) throw invalid("code and id cannot be given together", "code");
      return await this.purchase({ ...routed, query: { code } });
    }
    const param = target.query.has("item_id") ? "item_id" : "id";
    if (userId === undefined && item === undefined) throw invalid("user_id and id, or code alone, must be given");
    if (userId === undefined) throw invalid("user_id must be given with id", "user_id");
    if (item === undefined) throw invalid("id must be given with user_id", "id");
    actsFor(caller, userId);
    const place = parseItemId(item);
    if (place === undefined) return refusal("item_not_found", id, undefined, param);
    const wanted = { kind: "checkout", userId, n: place.n, code: newCode() } as const;
    const outcome = isOfCurrentSale(place)
      ? await askCurrent(this.parts, request, caller, wanted)
      : await askSale(this.parts, request, caller, saleKeyOf(place.number), wanted);
    return wordSale(this.parts, outcome, id, param);
  }

  purchase(routed: WithCode): Promise<Answered> {
    return this.#withCode("purchase", routed);
  }

  release(routed: WithCode): Promise<Answered> {
    return this.#withCode("release", routed);
  }

  void(routed: WithCode): Promise<Answered> {
    return this.#withCode("voidPurchase", routed);
  }

  async #withCode(
    kind: "purchase" | "release" | "voidPurchase",
    { request, query, id, caller, act }: WithCode,
  ): Promise<Answered> {
    const parts = parseCode(query.code);
    if (parts === undefined) return refusal("code_unknown", id);
    const { key, code } = parts;
    const wanted: Wanted = caller.kind === "user" && kind !== "voidPurchase"
      ? { kind, code, by: caller.sub }
      : { kind, code, ...recordedAs(act) };
    return await tellSale(this.parts, request, id, caller, key, wanted);
  }

  async showHold({ query: { code }, id, caller }: WithCode): Promise<Answered> {
    const parts = parseCode(code);
    const hold = parts === undefined ? undefined : await this.parts.views.hold(parts.number, parts.code);
    if (hold === undefined) return refusal("code_unknown", id);
    actsFor(caller, hold.userId, OWN_CODE);
    return answer(200, id, JSON.stringify(showHold(code, parts!.number, hold)));
  }
}

/** Whether a checkout names a code and is therefore a purchase. */
export function isPurchase(target: Target): boolean {
  return target.query.has("code");
}

/** The user whose quota a checkout takes from: the caller, or the user that a service acts for; undefined if no one's. */
export function countedFor(caller: Caller, target: Target): string | undefined {
  if (isPurchase(target)) return undefined;
  if (caller.kind !== "service" && caller.kind !== "open") return soleUserOf(caller);
  const userId = target.query.get("user_id");
  return isUserId(userId) ? userId : undefined;
}
