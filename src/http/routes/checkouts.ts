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
  z.object({ code, ...heldFields, expires_at: timeShown.meta({ description: "Until when the code buys." }) }),
);
const Purchase = name("Purchase", z.object({ message, ...heldFields, purchased_at: timeShown }));
const HoldOrPurchase = name("HoldOrPurchase", z.union([Hold, Purchase]));
const HoldShown = name(
  "HoldShown",
  z.object({
    code: z.string().meta({ description: "As it was sent." }),
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
    summary: "Check an item out",
    description: "Answers a code that buys the item until it expires. One's own live hold again: the same code and " +
      "expiry. Where checkouts are exclusive (`CHECKOUT_MODE`), no one else can have the item meanwhile; where they are " +
      "open, the first purchase wins. Every attempt on an existing sale is stored, refused ones too.\n\nSend `user_id` and " +
      "`id` (or `item_id`); or `code` alone, which then buys, as `POST /purchase` does. An `id` from 1 to the number of " +
      "items is an item of the current sale. Such a request with an `Idempotency-Key` is looked up in the sale of the hour " +
      "before first, so that a repeat after the hour never buys twice.",
    authority: "caller",
    trouble: "command",
    query: {
      user_id: userId.meta({ description: "Who wants the item: 1 to 255 characters, no white space at either end." })
        .optional(),
      id: itemParameter,
      code: codeSent.meta({ description: "Buys with a code; may not stand beside `id`." }).optional(),
    },
    isKeyed: true,
    limitedFor: countedFor,
    answers: {
      200: {
        description: "The item is held; with `code`: it is bought.",
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
    summary: "Buy the item of a code",
    description:
      "Once. The answer of success is on disk before it leaves. After a 503 look the code up, or ask again " +
      "with the same `Idempotency-Key`.",
    authority: "caller",
    trouble: "command",
    query: { code: codeSent },
    isKeyed: true,
    answers: { 200: { description: "The item is bought.", schema: Purchase, example: purchaseExample } },
    problems: PURCHASE_REFUSALS,
    ignoresOtherParameters: true,
    tally: ({ purchases }) => purchases,
    handle: ({ checkouts }, routed) => checkouts.purchase(routed),
  }),
  route({
    method: "GET",
    path: "/checkout",
    id: "getHold",
    summary: "Look a code up",
    description: "Check the outcome after a 503: what is shown is on disk.",
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
    summary: "Give a hold back",
    authority: "caller",
    trouble: "command",
    query: { code: codeSent },
    isKeyed: true,
    answers: {
      200: {
        description: "The item can be had again.",
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
    description: "Its item is back, once.",
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
