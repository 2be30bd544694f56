/** What can be asked of flash sales over HTTP? */
import type { ItemState, Sales, SaleViews } from "../actors/ports.ts";
import { SALE_REFUSALS, type SaleCommand, type SalePhase, type SaleRefusal } from "../domain/sale.ts";
import { type ItemPlace, parseCode, parseItemId, parseSaleKey, saleKeyOf } from "../domain/sale_ids.ts";
import { isUserId } from "../domain/text.ts";
import { answer, type Answered, refusal } from "./answer.ts";
import type { BodyReader } from "./body.ts";
import { actsFor, type Caller, OWN_CODE, soleUserOf } from "./callers.ts";
import { saleChangesOf } from "./checks.ts";
import { newCode } from "./codes.ts";
import { commandId } from "./command_id.ts";
import type { ItemPictures } from "./item_pictures.ts";
import { cursorAfter, cursorOf, limitOf, oneOf, pageOf, parameter } from "./pages.ts";
import { BadRequest, type ProblemCode } from "./problem.ts";
import type { RateLimiter } from "./rate_limit.ts";
import type { RequestId } from "./request_id.ts";
import type { RoutedRequest } from "./routed_request.ts";
import { showAttempt, showHold, showItemState, showSale, showSaleAnswer } from "./sale_shown.ts";
import type { SaleStreams } from "./sale_streams.ts";
import type { Target } from "./target.ts";

const PHASES: readonly SalePhase[] = ["upcoming", "open", "sold_out", "over"];
const OUTCOMES: readonly (SaleRefusal | "ok")[] = ["ok", ...SALE_REFUSALS];
const ITEM_STATES: readonly ItemState[] = ["available", "held", "sold"];

/** A command without what makes it one of its own. */
type Wanted = SaleCommand extends infer Command ? Command extends SaleCommand ? Omit<Command, "id" | "keyed"> : never
  : never;

/** A request that needs no names of its path. */
type Addressed = Omit<RoutedRequest, "names">;

/** What the routes of sales work with. */
export interface SaleParts {
  readonly sales: Sales;
  readonly views: SaleViews;
  readonly bodies: BodyReader;
  readonly pictures: ItemPictures;
  readonly streams: SaleStreams;
  /** Undefined: checkouts are not counted. */
  readonly limiter?: RateLimiter | undefined;
}

/** The routes of sales. Each throws BadRequest or Fault. */
export class SaleRoutes {
  constructor(readonly parts: SaleParts) {}

  /** POST /checkout?user_id&id, or ?code: then a purchase. */
  checkout(routed: Addressed): Promise<Answered> {
    const { limiter } = this.parts;
    const userId = limiter === undefined ? undefined : countedFor(routed.caller, routed.target);
    return userId === undefined
      ? this.#checkout(routed)
      : limiter!.around(userId, routed.id, () => this.#checkout(routed));
  }

  async #checkout(routed: Addressed): Promise<Answered> {
    const { request, target: { query }, id, caller } = routed;
    const item = parameter(query, "id", "item_id");
    if (query.has("code")) {
      if (item !== undefined) throw invalid("code cannot be given beside id", "code");
      return await this.purchase(routed);
    }
    const userId = parameter(query, "user_id");
    const param = query.has("item_id") ? "item_id" : "id";
    if (userId === undefined && item === undefined) throw invalid("user_id and id are needed, or code");
    if (userId === undefined) throw invalid("user_id is needed beside id", "user_id");
    if (item === undefined) throw invalid("id is needed beside user_id", "id");
    if (!isUserId(userId)) {
      throw invalid("user_id must be 1 to 255 characters, not blank, without control characters", "user_id");
    }
    actsFor(caller, userId);
    const place = parseItemId(item);
    if (place === undefined) return refusal("item_not_found", id, undefined, param);
    const wanted = { kind: "checkout", userId, n: place.n, code: newCode() } as const;
    return await this.#tell(request, id, caller, saleKeyOf(place.number), wanted, param);
  }

  /** POST /purchase?code */
  purchase(routed: Addressed): Promise<Answered> {
    return this.#withCode("purchase", routed);
  }

  /** DELETE /checkout?code */
  release(routed: RoutedRequest): Promise<Answered> {
    return this.#withCode("release", routed);
  }

  /** DELETE /purchase?code */
  void(routed: RoutedRequest): Promise<Answered> {
    return this.#withCode("voidPurchase", routed);
  }

  async #withCode(
    kind: "purchase" | "release" | "voidPurchase",
    { request, target, id, caller }: Addressed,
  ): Promise<Answered> {
    const parts = parseCode(codeOf(target));
    if (parts === undefined) return refusal("code_unknown", id);
    const { key, code } = parts;
    const wanted: Wanted = caller.kind === "user" && kind !== "voidPurchase"
      ? { kind, code, by: caller.sub }
      : { kind, code };
    return await this.#tell(request, id, caller, key, wanted);
  }

  async #tell(
    request: Request,
    id: RequestId,
    caller: Caller,
    key: string,
    wanted: Wanted,
    itemParam?: string,
  ): Promise<Answered> {
    const command = { ...wanted, ...commandId(request.headers, caller, key) } as SaleCommand;
    const outcome = await this.parts.sales.ask(key, command);
    if (outcome.kind !== "refused") return answer(200, id, showSaleAnswer(outcome.answer));
    switch (outcome.refusal) {
      case "item_not_found":
        return refusal("item_not_found", id, undefined, itemParam);
      case "forbidden":
        return refusal("forbidden", id, OWN_CODE);
      default:
        return refusal(problemOf(outcome.refusal), id);
    }
  }

  /** GET /checkout?code */
  async showHold({ target, id, caller }: RoutedRequest): Promise<Answered> {
    const code = codeOf(target);
    const parts = parseCode(code);
    const hold = parts === undefined ? undefined : await this.parts.views.hold(parts.number, parts.code);
    if (hold === undefined) return refusal("code_unknown", id);
    actsFor(caller, hold.userId, OWN_CODE);
    return answer(200, id, JSON.stringify(showHold(code, parts!.number, hold)));
  }

  /** GET /api/sales */
  async list({ target: { query }, id }: RoutedRequest): Promise<Answered> {
    const { page, perPage } = pageOf(query);
    const phase = oneOf(query, "state", PHASES);
    const { data, total } = await this.parts.views.sales(phase, (page - 1) * perPage, perPage);
    const meta = { page, per_page: perPage, page_count: Math.ceil(total / perPage), total };
    return answer(200, id, JSON.stringify({ data: data.map(showSale), meta }));
  }

  /** GET /api/sales/{id} */
  async show({ id, names }: RoutedRequest): Promise<Answered> {
    const number = this.#numberOf(names[0]!);
    const sale = number === undefined ? undefined : await this.parts.views.sale(number);
    return sale === undefined ? refusal("sale_not_found", id) : answer(200, id, JSON.stringify(showSale(sale)));
  }

  /** PATCH /api/sales/{id} */
  async edit({ request, id, names, caller }: RoutedRequest): Promise<Answered> {
    const number = this.#numberOf(names[0]!);
    if (number === undefined) return refusal("sale_not_found", id);
    let changes;
    try {
      changes = saleChangesOf(await this.parts.bodies.optionalJson(request));
    } catch (error) {
      // 404 comes before 400.
      const known = error instanceof BadRequest && error.code === "invalid_request";
      if (known && await this.parts.views.sale(number) === undefined) return refusal("sale_not_found", id);
      throw error;
    }
    return await this.#tell(request, id, caller, saleKeyOf(number), { kind: "edit", ...changes });
  }

  /** GET /api/sales/{id}/items */
  async items({ target: { query }, id, names }: RoutedRequest): Promise<Answered> {
    const { page, perPage } = pageOf(query);
    const state = oneOf(query, "state", ITEM_STATES);
    const number = this.#numberOf(names[0]!);
    const found = number === undefined
      ? undefined
      : await this.parts.views.items(number, state, (page - 1) * perPage, perPage);
    if (found === undefined) return refusal("sale_not_found", id);
    const { data, total } = found;
    const meta = { page, per_page: perPage, page_count: Math.ceil(total / perPage), total };
    return answer(200, id, JSON.stringify({ data: data.map((item) => showItemState(number!, item)), meta }));
  }

  /** GET /api/sales/{id}/items/{item_id} */
  async item({ id, names }: RoutedRequest): Promise<Answered> {
    const place = this.#placeOf(names);
    const item = place === undefined ? undefined : await this.parts.views.item(place.number, place.n);
    if (item === undefined) return refusal("item_not_found", id);
    return answer(200, id, JSON.stringify(showItemState(place!.number, item)));
  }

  /** GET /api/sales/{id}/items/{item_id}/image.svg */
  async picture({ request, id, names }: RoutedRequest): Promise<Answered> {
    const place = this.#placeOf(names);
    const item = place === undefined ? undefined : await this.parts.views.item(place.number, place.n);
    return item === undefined ? refusal("item_not_found", id) : this.parts.pictures.answer(place!, request.headers, id);
  }

  /** GET /api/sales/{id}/attempts */
  async attempts({ target: { query }, id, names }: RoutedRequest): Promise<Answered> {
    const limit = limitOf(query);
    const outcome = oneOf(query, "outcome", OUTCOMES);
    const number = this.#numberOf(names[0]!);
    const list = `attempts ${number} ${outcome}`;
    const after = cursorOf(query, list);
    const page = number === undefined ? undefined : await this.parts.views.attempts(number, outcome, after, limit);
    if (page === undefined) return refusal("sale_not_found", id);
    const data = page.data.map((attempt) => showAttempt(number!, attempt));
    const next_cursor = page.next === undefined ? null : cursorAfter(list, page.next);
    return answer(200, id, JSON.stringify({ data, total: page.total, next_cursor }));
  }

  /** GET /api/sales/{id}/stream */
  async stream(routed: RoutedRequest): Promise<Answered> {
    const { request, id, names } = routed;
    if (request.method === "HEAD") return await this.show(routed);
    const number = this.#numberOf(names[0]!);
    const sale = number === undefined ? undefined : await this.parts.views.sale(number);
    return sale === undefined ? refusal("sale_not_found", id) : this.parts.streams.open(sale, id);
  }

  /** The number of a path's sale; `current` is that of this hour. */
  #numberOf(name: string): number | undefined {
    return name === "current" ? this.parts.views.current() : parseSaleKey(name);
  }

  /** The item of a path, where it is one of the path's sale. */
  #placeOf(names: readonly string[]): ItemPlace | undefined {
    const place = parseItemId(names[1]!);
    return place !== undefined && place.number === this.#numberOf(names[0]!) ? place : undefined;
  }
}

/** Whether a request to check out names a code: then it is a purchase. */
export function isPurchase(target: Target): boolean {
  return target.query.has("code");
}

/** Whose request it counts as: a user's own, or that of the user for whom is asked; undefined where no one's. */
function countedFor(caller: Caller, target: Target): string | undefined {
  if (isPurchase(target)) return undefined;
  if (caller.kind !== "service" && caller.kind !== "open") return soleUserOf(caller);
  const userId = target.query.get("user_id");
  return isUserId(userId) ? userId : undefined;
}

/** A sale that is paused and a coupon that is paused are told by one code, with statuses of their own. */
function problemOf(refusal: SaleRefusal): ProblemCode {
  return refusal === "paused" ? "sale_paused" : refusal;
}

function invalid(detail: string, param?: string): BadRequest {
  return new BadRequest("invalid_request", detail, param);
}

function codeOf({ query }: Target): string {
  const code = parameter(query, "code");
  if (code === undefined) throw invalid("code is needed", "code");
  return code;
}
