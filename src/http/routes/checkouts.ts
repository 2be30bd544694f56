/** The routes of checkout and purchase. */
import * as z from "zod";
import { type Route, route, tagged } from "./route.ts";
import { onCode } from "../auth/authority.ts";
import { countedFor, isPurchase } from "../handlers/checkouts.ts";
import { parseSaleKey } from "../../domain/sale_ids.ts";
import { showItem } from "../answers/sale_shown.ts";
import { name } from "../../contract/named.ts";
import { code, codeSent, heldFields, itemParameter } from "../../contract/sale_values.ts";
import { message, timeShown, userId } from "../../contract/values.ts";

const Hold = name(
  "Hold",
  z.object({ code, ...heldFields, expires_at: timeShown.meta({ description: "When the code expires." }) }),
);
const Purchase = name("Purchase", z.object({ message, ...heldFields, purchased_at: timeShown }));
const HoldOrPurchase = name("HoldOrPurchase", z.union([Hold, Purchase]));
const HoldShown = name(
  "HoldShown",
  z.object({
    code: z.string().meta({ description: "The code as it was sent." }),
    ...heldFields,
    state: z.enum(["live", "expired", "ended", "sold_to_another", "purchased"]),
    expires_at: timeShown,
    purchased_at: z.nullable(timeShown),
  }),
);
const GivenBack = name("HoldGivenBack", z.object({ message, ...heldFields, released_at: timeShown }));
const PurchaseVoided = name("PurchaseVoided", z.object({ message, ...heldFields, voided_at: timeShown }));

const at = "2026-11-21T14:00:00.000Z";
const exampleCode = "2026-11-21T14Z.Zm9vYmFyYmF6cXV4Zm9vYA";
const held = { item: showItem({ number: parseSaleKey("2026-11-21T14Z")!, n: 1 }), user_id: "user_12345" };
const holdExample = { code: exampleCode, ...held, expires_at: "2026-11-21T14:00:30.000Z" };
const purchaseExample = { message: "Purchase successful", ...held, purchased_at: at };
const PURCHASE_REFUSALS = ["code_unknown", "code_used", "code_expired", "sold_to_another", "limit_reached"] as const;

/** The routes. */
export const checkouts: readonly Route[] = tagged("Checkout and purchase", [
  route({
    method: "POST",
    path: "/checkout",
    id: "checkout",
    summary: "Check out an item",
    description:
      "Returns a code that buys the item until it expires. If the user already has a live hold on the item, returns " +
      "the same code and expiry. If checkouts are exclusive (`CHECKOUT_MODE`), no one else can check the item out meanwhile; if " +
      "they are open, the first purchase wins. Every attempt on an existing sale is stored, including refused ones.\n\nSend " +
      "`user_id` and `id` (or `item_id`); or only `code`, which makes it a purchase, as with `POST /purchase`. An `id` from 1 to " +
      "the number of items is an item of the current sale. Such a request with an `Idempotency-Key` is first looked up in the " +
      "sale of the previous hour, so that a repeat after the hour never buys twice.",
    authority: "caller",
    trouble: "command",
    query: {
      user_id: userId.meta({
        description: "The user who checks out: 1 to 255 characters, no white space at either end.",
      })
        .optional(),
      id: itemParameter,
      code: codeSent.meta({ description: "Makes it a purchase with this code; cannot be combined with `id`." })
        .optional(),
    },
    isKeyed: true,
    limitedFor: countedFor,
    answers: {
      200: {
        description: "The item is held; with `code`, it is purchased.",
        schema: HoldOrPurchase,
        example: holdExample,
      },
    },
    problems: [
      "item_not_found",
      "sale_not_started",
      "sale_over",
      "sale_paused",
      "item_unavailable",
      ...PURCHASE_REFUSALS,
    ],
    ignoresOtherParameters: true,
    tally: ({ checkouts, purchases }, target) => isPurchase(target) ? purchases : checkouts,
    handle: ({ checkouts }, routed) => checkouts.checkout(routed),
  }),
  route({
    method: "POST",
    path: "/purchase",
    id: "purchase",
    summary: "Purchase the item of a code",
    description:
      "A code can be used once. A success is committed to disk before it is returned. After a 503, look the code up or repeat the " +
      "request with the same `Idempotency-Key`.",
    authority: "caller",
    trouble: "command",
    query: { code: codeSent },
    isKeyed: true,
    answers: { 200: { description: "The item is purchased.", schema: Purchase, example: purchaseExample } },
    problems: PURCHASE_REFUSALS,
    ignoresOtherParameters: true,
    tally: ({ purchases }) => purchases,
    handle: ({ checkouts }, routed) => checkouts.purchase(routed),
  }),
  route({
    method: "GET",
    path: "/checkout",
    id: "getHold",
    summary: "Look up a code",
    description: "Use it to check the outcome after a 503: it shows what is stored.",
    authority: "caller",
    trouble: "view",
    query: { code: codeSent },
    answers: {
      200: {
        description: "The hold.",
        schema: HoldShown,
        example: { ...holdExample, state: "purchased", purchased_at: at },
      },
    },
    problems: ["code_unknown"],
    handle: ({ checkouts }, routed) => checkouts.showHold(routed),
  }),
  route({
    method: "DELETE",
    path: "/checkout",
    id: "releaseHold",
    summary: "Release a hold",
    authority: "caller",
    trouble: "command",
    query: { code: codeSent },
    isKeyed: true,
    answers: {
      200: {
        description: "The item is available again.",
        schema: GivenBack,
        example: { message: "Item given back", ...held, released_at: at },
      },
    },
    problems: ["code_unknown", "hold_not_live"],
    handle: ({ checkouts }, routed) => checkouts.release(routed),
  }),
  route({
    method: "DELETE",
    path: "/purchase",
    id: "voidPurchase",
    summary: "Void a purchase",
    description: "Its item is available again.",
    authority: onCode("purchase.void"),
    trouble: "command",
    query: { code: codeSent },
    isKeyed: true,
    answers: {
      200: {
        description: "The purchase is voided.",
        schema: PurchaseVoided,
        example: { message: "Purchase voided successfully", ...held, voided_at: at },
      },
    },
    problems: ["code_unknown", "purchase_not_found"],
    handle: ({ checkouts }, routed) => checkouts.void(routed),
  }),
]);
