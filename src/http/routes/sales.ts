/** What can be asked of flash sales and their items over HTTP? */
import type { ItemState, ItemView, ListPart, Page, SaleSummary, SaleViews } from "../../ports/mod.ts";
import { SALE_REFUSALS, type SalePhase, type ToldSaleRefusal } from "../../domain/sale.ts";
import { isOfCurrentSale, type ItemPlace, parseItemId, parseSaleKey, saleKeyOf } from "../../domain/sale_ids.ts";
import { answer, type Answered, refusal } from "../answers/answer.ts";
import type { BodyReader } from "../requests/body.ts";
import { saleChangesOf } from "../../contract/checks.ts";
import { type CheckoutParts, CheckoutRoutes } from "./checkouts.ts";
import type { ItemPictures } from "./item_pictures.ts";
import { cursorAfter, cursorOf, isNumberedPage, limitOf, oneOf, pageOf, showPage } from "../requests/pages.ts";
import { InvalidRequest } from "../../contract/invalid.ts";
import { recordedAs, type RoutedRequest } from "../requests/routed_request.ts";
import { tellSale } from "./sale_asking.ts";
import { showAttempt, showItemState, showSale } from "../answers/sale_shown.ts";
import { ShownOnce } from "../answers/shown_once.ts";
import type { SaleStreams } from "./sale_streams.ts";

const PHASES: readonly SalePhase[] = ["upcoming", "open", "sold_out", "over"];
const OUTCOMES: readonly (ToldSaleRefusal | "ok")[] = ["ok", ...SALE_REFUSALS];
const ITEM_STATES: readonly ItemState[] = ["available", "held", "sold"];

/** What the routes of sales work with. */
export interface SaleParts extends CheckoutParts {
  readonly views: SaleViews;
  readonly bodies: BodyReader;
  readonly pictures: ItemPictures;
  readonly streams: SaleStreams;
}

/** The routes of sales. Each throws BadRequest or Fault. */
export class SaleRoutes {
  readonly #shown = new ShownOnce<SaleSummary>();
  readonly #listed = new ShownOnce<Page<SaleSummary>>();
  readonly #listedItems = new ShownOnce<Page<ItemView>>();
  readonly #listedParts = new ShownOnce<ListPart<ItemView, number>>();

  readonly checkouts: CheckoutRoutes;

  constructor(readonly parts: SaleParts) {
    this.checkouts = new CheckoutRoutes(parts);
  }

  /** GET /api/sales */
  async list({ target: { query }, id }: RoutedRequest): Promise<Answered> {
    const { page, perPage } = pageOf(query);
    const phase = oneOf(query, "state", PHASES);
    const found = await this.parts.views.sales(phase, (page - 1) * perPage, perPage);
    return answer(200, id, this.#listed.json(found, (found) => showPage(found, page, perPage, showSale)));
  }

  /** GET /api/sales/{id} */
  async show({ id, names }: RoutedRequest): Promise<Answered> {
    const number = this.#numberOf(names[0]!);
    const sale = number === undefined ? undefined : await this.parts.views.sale(number);
    return sale === undefined ? refusal("sale_not_found", id) : answer(200, id, this.#shown.json(sale, showSale));
  }

  /** PATCH /api/sales/{id} */
  async edit({ request, id, names, caller, act }: RoutedRequest): Promise<Answered> {
    const number = this.#numberOf(names[0]!);
    if (number === undefined) return refusal("sale_not_found", id);
    let changes;
    try {
      changes = saleChangesOf(await this.parts.bodies.optionalJson(request));
    } catch (error) {
      // 404 comes before 400.
      const known = error instanceof InvalidRequest;
      if (known && await this.parts.views.sale(number) === undefined) return refusal("sale_not_found", id);
      throw error;
    }
    return await tellSale(this.parts, request, id, caller, saleKeyOf(number), {
      kind: "edit",
      ...changes,
      ...recordedAs(act),
    });
  }

  /** GET /api/sales/{id}/items?state, by page and per_page, or by cursor and limit */
  async items({ target: { query }, id, names }: RoutedRequest): Promise<Answered> {
    const isNumbered = isNumberedPage(query);
    const { page, perPage } = pageOf(query);
    const limit = limitOf(query);
    const state = oneOf(query, "state", ITEM_STATES);
    const number = this.#numberOf(names[0]!);
    const showOne = (item: ItemView) => showItemState(number!, item);
    if (!isNumbered) {
      const list = `items ${number} ${state}`;
      const after = cursorOf(query, list);
      const part = number === undefined ? undefined : await this.parts.views.itemsAfter(number, state, after, limit);
      if (part === undefined) return refusal("sale_not_found", id);
      const showPart = ({ data, next }: ListPart<ItemView, number>) => ({
        data: data.map(showOne),
        next_cursor: next === undefined ? null : cursorAfter(list, next),
      });
      return answer(200, id, this.#listedParts.json(part, showPart));
    }
    const found = number === undefined
      ? undefined
      : await this.parts.views.items(number, state, (page - 1) * perPage, perPage);
    if (found === undefined) return refusal("sale_not_found", id);
    return answer(200, id, this.#listedItems.json(found, (found) => showPage(found, page, perPage, showOne)));
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
    if (item === undefined) return refusal("item_not_found", id);
    const answered = this.parts.pictures.answer(place!, request.headers, id);
    // In an hour the same path shows another item.
    if (isOfCurrentSale(parseItemId(names[1]!)!)) answered.response.headers.set("cache-control", "no-cache");
    return answered;
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
    return sale === undefined
      ? refusal("sale_not_found", id)
      : this.parts.streams.open(sale, id, names[0] === "current");
  }

  /** The number of a path's sale; `current` is that of this hour. */
  #numberOf(name: string): number | undefined {
    return name === "current" ? this.parts.views.current() : parseSaleKey(name);
  }

  /** The item of a path, where it is one of the path's sale. */
  #placeOf(names: readonly string[]): ItemPlace | undefined {
    const named = parseItemId(names[1]!);
    if (named === undefined) return undefined;
    const place = isOfCurrentSale(named) ? { number: this.parts.views.current(), n: named.n } : named;
    return place.number === this.#numberOf(names[0]!) ? place : undefined;
  }
}
