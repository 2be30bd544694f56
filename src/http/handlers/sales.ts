/** The handlers of flash sales and their items. */
import type * as z from "zod";
import type { SaleEditBody } from "../../contract/bodies.ts";
import type { ItemState, ItemView, ListPart, Page, SaleSummary, SaleViews } from "../../ports/mod.ts";
import type { SalePhase, ToldSaleRefusal } from "../../domain/sale.ts";
import { isOfCurrentSale, type ItemPlace, parseItemId, parseSaleKey, saleKeyOf } from "../../domain/sale_ids.ts";
import { answer, type Answered, type ProblemCode, refusal } from "../answers/answer.ts";
import type { CursorQuery, eitherQuery, PageQuery } from "../../contract/values.ts";
import type { ItemPictures } from "./item_pictures.ts";
import { isNumberedPage, placeAfter, showPage, showPart } from "../requests/pages.ts";
import type { QueryOf } from "../requests/query.ts";
import { recordedAs, type RoutedRequest } from "../requests/routed_request.ts";
import { type AskedSales, tellSale } from "./sale_asking.ts";
import { showAttempt, showItemState, showSale } from "../answers/sale_shown.ts";
import { ShownOnce } from "../answers/shown_once.ts";
import type { SaleStreams } from "./sale_streams.ts";

export interface SaleParts extends AskedSales {
  readonly views: SaleViews;
  readonly pictures: ItemPictures;
  readonly streams: SaleStreams;
}

/** Each handler throws InvalidRequest, BadRequest or Fault. */
export class SaleHandlers {
  readonly #shown = new ShownOnce<SaleSummary>();
  readonly #listed = new ShownOnce<Page<SaleSummary>>();
  readonly #listedItems = new ShownOnce<Page<ItemView>>();
  readonly #listedParts = new ShownOnce<ListPart<ItemView, number>>();

  constructor(readonly parts: SaleParts) {}

  async list({ query, id }: RoutedRequest<PageQuery & { state: SalePhase | undefined }>): Promise<Answered> {
    const { state, page, per_page } = query;
    const found = await this.parts.views.sales(state, (page - 1) * per_page, per_page);
    return answer(200, id, this.#listed.json(found, (found) => showPage(found, query, showSale)));
  }

  async show({ id, names }: RoutedRequest): Promise<Answered> {
    const number = this.#numberOf(names[0]!);
    const sale = number === undefined ? undefined : await this.parts.views.sale(number);
    return sale === undefined ? refusal("sale_not_found", id) : answer(200, id, this.#shown.json(sale, showSale));
  }

  async edit(
    { request, id, names, caller, act, body: { paused } }: RoutedRequest<unknown, z.output<typeof SaleEditBody>>,
  ): Promise<Answered> {
    const number = this.#numberOf(names[0]!);
    if (number === undefined) return refusal("sale_not_found", id);
    return await tellSale(this.parts, request, id, caller, saleKeyOf(number), {
      kind: "edit",
      ...paused !== undefined && { paused },
      ...recordedAs(act),
    });
  }

  /** `sale_not_found` if a path names no sale. */
  async absent(names: readonly string[]): Promise<ProblemCode | undefined> {
    const number = this.#numberOf(names[0]!);
    const sale = number === undefined ? undefined : await this.parts.views.sale(number);
    return sale === undefined ? "sale_not_found" : undefined;
  }

  /** Lists items by numbered pages or by cursor. */
  async items(
    { target, query, id, names }: RoutedRequest<QueryOf<typeof eitherQuery> & { state: ItemState | undefined }>,
  ): Promise<Answered> {
    const { state, cursor, limit = 100, page = 1, per_page = 20 } = query;
    const isNumbered = isNumberedPage(target.query);
    const number = this.#numberOf(names[0]!);
    const showOne = (item: ItemView) => showItemState(number!, item);
    if (!isNumbered) {
      const list = `items ${number} ${state}`;
      const after = placeAfter(cursor, list);
      const part = number === undefined ? undefined : await this.parts.views.itemsAfter(number, state, after, limit);
      if (part === undefined) return refusal("sale_not_found", id);
      return answer(200, id, this.#listedParts.json(part, (part) => showPart(part, list, showOne)));
    }
    const found = number === undefined
      ? undefined
      : await this.parts.views.items(number, state, (page - 1) * per_page, per_page);
    if (found === undefined) return refusal("sale_not_found", id);
    return answer(200, id, this.#listedItems.json(found, (found) => showPage(found, { page, per_page }, showOne)));
  }

  async item({ id, names }: RoutedRequest): Promise<Answered> {
    const place = this.#placeOf(names);
    const item = place === undefined ? undefined : await this.parts.views.item(place.number, place.n);
    if (item === undefined) return refusal("item_not_found", id);
    return answer(200, id, JSON.stringify(showItemState(place!.number, item)));
  }

  async picture({ request, id, names }: RoutedRequest): Promise<Answered> {
    const place = this.#placeOf(names);
    const item = place === undefined ? undefined : await this.parts.views.item(place.number, place.n);
    if (item === undefined) return refusal("item_not_found", id);
    const answered = this.parts.pictures.answer(place!, request.headers, id);
    // In the next hour the same path shows another item.
    if (isOfCurrentSale(parseItemId(names[1]!)!)) answered.response.headers.set("cache-control", "no-cache");
    return answered;
  }

  async attempts(
    { query, id, names }: RoutedRequest<CursorQuery & { outcome: ToldSaleRefusal | "ok" | undefined }>,
  ): Promise<Answered> {
    const { outcome, cursor, limit } = query;
    const number = this.#numberOf(names[0]!);
    const list = `attempts ${number} ${outcome}`;
    const after = placeAfter(cursor, list);
    const part = number === undefined ? undefined : await this.parts.views.attempts(number, outcome, after, limit);
    if (part === undefined) return refusal("sale_not_found", id);
    const { data, next_cursor } = showPart(part, list, (attempt) => showAttempt(number!, attempt));
    return answer(200, id, JSON.stringify({ data, total: part.total, next_cursor }));
  }

  async stream(routed: RoutedRequest): Promise<Answered> {
    const { request, id, names } = routed;
    if (request.method === "HEAD") return await this.show(routed);
    const number = this.#numberOf(names[0]!);
    const sale = number === undefined ? undefined : await this.parts.views.sale(number);
    return sale === undefined
      ? refusal("sale_not_found", id)
      : this.parts.streams.open(sale, id, names[0] === "current");
  }

  /** The number of the sale that a path names; `current` is the sale of this hour. */
  #numberOf(name: string): number | undefined {
    return name === "current" ? this.parts.views.current() : parseSaleKey(name);
  }

  /** The item that a path names; undefined if it is not one of the path's sale. */
  #placeOf(names: readonly string[]): ItemPlace | undefined {
    const named = parseItemId(names[1]!);
    if (named === undefined) return undefined;
    const place = isOfCurrentSale(named) ? { number: this.parts.views.current(), n: named.n } : named;
    return place.number === this.#numberOf(names[0]!) ? place : undefined;
  }
}
