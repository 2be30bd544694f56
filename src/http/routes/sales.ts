/** The routes of flash sales and their items. */
import * as z from "zod";
import { onSale } from "../auth/authority.ts";
import { SaleEditBody } from "../../contract/bodies.ts";
import { pageOf, type Route, route, tagged } from "./route.ts";
import { name } from "../../contract/named.ts";
import {
  attemptOutcome,
  itemId,
  itemIdSent,
  ItemShown,
  itemState,
  Sale,
  saleId,
  saleIdSent,
  saleState,
} from "../../contract/sale_values.ts";
import {
  count,
  cursorQuery,
  eitherQuery,
  message,
  nextCursor,
  pageQuery,
  timeShown,
  userId,
} from "../../contract/values.ts";

const SaleEdited = name(
  "SaleEdited",
  z.object({ message, id: saleId, paused: z.boolean(), updated_at: timeShown }),
);
const Attempt = name(
  "Attempt",
  z.object({ user_id: userId, item_id: itemId, outcome: attemptOutcome, at: timeShown }),
);
const AttemptPage = name(
  "AttemptPage",
  z.object({
    data: z.array(Attempt),
    total: count.meta({ description: "Number of attempts, with the given `outcome` only." }),
    next_cursor: nextCursor,
  }),
);

const ItemList = name(
  "ItemList",
  z.union([
    pageOf("ItemPage", ItemShown),
    name("ItemPart", z.object({ data: z.array(ItemShown), next_cursor: nextCursor })),
  ]),
);

const path = "/api/sales/:sale";
const item = path + "/items/:item";
const ofSale = { id: saleIdSent };
const ofItem = { id: saleIdSent, item_id: itemIdSent };
const at = "2026-11-21T14:00:00.000Z";

/** The routes. */
export const sales: readonly Route[] = tagged("Flash sales", [
  route({
    method: "GET",
    path: "/api/sales",
    id: "listSales",
    summary: "List sales",
    description: "Newest first.",
    authority: "public",
    trouble: "view",
    query: { state: saleState.meta({ description: "Only those in this state." }).optional(), ...pageQuery },
    answers: { 200: { description: "A page of sales.", schema: pageOf("SalePage", Sale) } },
    problems: ["overloaded"],
    handle: ({ sales }, routed) => sales.list(routed),
  }),
  route({
    method: "GET",
    path,
    id: "getSale",
    summary: "Show a sale",
    authority: "public",
    trouble: "view",
    segments: ofSale,
    answers: {
      200: {
        description: "The sale.",
        schema: Sale,
        example: {
          id: "2026-11-21T14Z",
          starts_at: at,
          ends_at: "2026-11-21T15:00:00.000Z",
          items: 10_000,
          sold: 2_500,
          held: 40,
          left: 7_460,
          state: "open",
          paused: false,
          created_at: "2026-11-21T13:00:00.000Z",
          updated_at: at,
        },
      },
    },
    problems: ["sale_not_found"],
    handle: ({ sales }, routed) => sales.show(routed),
  }),
  route({
    method: "PATCH",
    path,
    id: "editSale",
    summary: "Pause or resume a sale",
    description: "Without a body, or with `{}`, only `updated_at` changes.",
    authority: onSale("sale.edit"),
    trouble: "command",
    segments: ofSale,
    isKeyed: true,
    body: {
      schema: SaleEditBody,
      isOptional: true,
      examples: { touch: {}, stop: { paused: true }, resume: { paused: false } },
    },
    answers: {
      200: {
        description: "The updated sale.",
        schema: SaleEdited,
        example: { message: "Sale updated successfully", id: "2026-11-21T14Z", paused: true, updated_at: at },
      },
    },
    problems: ["sale_not_found"],
    absent: ({ sales }, names) => sales.absent(names),
    handle: ({ sales }, routed) => sales.edit(routed),
  }),
  route({
    method: "GET",
    path: path + "/stream",
    id: "streamSale",
    summary: "Follow a sale",
    description:
      "Server-sent events with the sale as `GET /api/sales/{id}` shows it, when it changes and at most four per " +
      "second. The stream of `current` continues with the next sale when the hour turns: before that sale's first event, an " +
      "event `current` has its `id` and the `previous` one. The stream does not end, so try it with `curl -N` or an " +
      "`EventSource` rather than with a form.",
    authority: "public",
    trouble: "view",
    segments: ofSale,
    answers: {
      200: {
        description: "An endless stream of events.",
        type: "text/event-stream",
        schema: z.string(),
        headers: { "cache-control": { description: "Responses are not cached.", example: "no-store" } },
      },
    },
    problems: ["sale_not_found", "overloaded", "stopping"],
    handle: ({ sales }, routed) => sales.stream(routed),
  }),
  route({
    method: "GET",
    path: path + "/items",
    id: "listItems",
    summary: "List a sale's items",
    description:
      "In order of their numbers. To list all items in a state while the sale runs, use `cursor` and `limit`, starting with only " +
      "`limit`: no item that stays in the state is skipped or repeated. Numbered pages shift as items are sold. The two " +
      "cannot be combined.",
    authority: "public",
    trouble: "view",
    segments: ofSale,
    query: {
      state: itemState.meta({ description: "Only those in this state." }).optional(),
      ...eitherQuery,
    },
    answers: {
      200: { description: "A page of items: by cursor with `next_cursor`, else with `meta`.", schema: ItemList },
    },
    problems: ["sale_not_found", "overloaded"],
    handle: ({ sales }, routed) => sales.items(routed),
  }),
  route({
    method: "GET",
    path: item,
    id: "getItem",
    summary: "Show an item",
    authority: "public",
    trouble: "view",
    segments: ofItem,
    answers: { 200: { description: "The item.", schema: ItemShown } },
    problems: ["item_not_found"],
    handle: ({ sales }, routed) => sales.item(routed),
  }),
  route({
    method: "GET",
    path: item + "/image.svg",
    id: "getItemPicture",
    summary: "An item's picture",
    authority: "public",
    trouble: "view",
    segments: ofItem,
    requestHeaders: { "If-None-Match": { description: "An `etag` from an earlier response." } },
    answers: {
      200: {
        description: "The picture.",
        type: "image/svg+xml",
        schema: z.string(),
        headers: {
          etag: { description: "Validator of the content." },
          "cache-control": {
            description: "The picture never changes.",
            example: "public, max-age=31536000, immutable",
          },
        },
      },
      304: {
        description: "The client already has it.",
        headers: { etag: { description: "Validator of the content that the client has." } },
      },
    },
    problems: ["item_not_found"],
    ignoresOtherParameters: true,
    handle: ({ sales }, routed) => sales.picture(routed),
  }),
  route({
    method: "GET",
    path: path + "/attempts",
    id: "listAttempts",
    summary: "List all checkout attempts on a sale",
    description: "In order, including refused attempts, but not repeats.",
    authority: onSale("sale.attempts"),
    trouble: "view",
    segments: ofSale,
    query: {
      outcome: attemptOutcome.meta({ description: "Only those with this outcome." }).optional(),
      ...cursorQuery,
    },
    answers: { 200: { description: "A page of attempts.", schema: AttemptPage } },
    problems: ["sale_not_found"],
    handle: ({ sales }, routed) => sales.attempts(routed),
  }),
]);
