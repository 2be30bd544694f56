/** Which values of flash sales come in requests and answers? */
import * as z from "zod";
import { SALE_REFUSALS } from "../domain/sale.ts";
import { itemIdOf, parseSaleKey } from "../domain/sale_ids.ts";
import { name } from "./named.ts";
import { alias, count, oneOf, timeShown, userId } from "./values.ts";

/** An item's id. */
export const itemId = z.int().min(0).meta({
  description: "The item's id, unique across sales.",
  examples: [itemIdOf(parseSaleKey("2026-11-21T14Z")!, 1)],
});

/** An item's id, as it is sent: whatever is not one names no item. */
export const itemIdSent = z.string().meta({
  description:
    "The id of an item, or a number from 1 to the number of items, which means that item of the current sale.",
  examples: ["1"],
});

/** The same as a parameter of a query. */
export const itemParameter = alias("item_id", itemIdSent.optional());

/** A code, as it is sent: whatever is not one is unknown. There is no example that would work. */
export const codeSent = z.string("is needed").meta({
  description: "The `code` that `POST /checkout` returned. Anyone who knows it can purchase with it.",
});

export const code = z.string().meta({
  description: "The code for `/purchase`: the sale's id, a dot, and 22 characters that cannot be guessed.",
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}Z\\.[A-Za-z0-9_-]{22}$",
  examples: ["2026-11-21T14Z.Zm9vYmFyYmF6cXV4Zm9vYA"],
});

/** A sale's id, as it is sent. */
export const saleIdSent = z.string().meta({
  description: "A sale's id, which is its hour in UTC; or `current` for the sale of this hour.",
  examples: ["current", "2026-11-21T14Z"],
});

/** A sale's id. */
export const saleId = z.string().meta({
  description: "The sale's id, which is its hour in UTC.",
  pattern: "^\\d{4}-\\d{2}-\\d{2}T\\d{2}Z$",
  examples: ["2026-11-21T14Z"],
});

/** Whether a sale sells. */
export const saleState = oneOf(["upcoming", "open", "sold_out", "over"]);

export const itemState = oneOf(["available", "held", "sold"]);

/** What became of a checkout. */
export const attemptOutcome = oneOf(["ok", ...SALE_REFUSALS]);

const itemFields = {
  id: itemId,
  name: z.string().meta({ description: "Generated from the id; the same on every node." }),
  image_url: z.string().meta({ description: "The path of its picture, an SVG.", format: "uri-reference" }),
  sale: saleId,
};

export const Item = name("Item", z.object(itemFields));

export const ItemShown = name("ItemShown", z.object({ ...itemFields, state: itemState }));

export const Sale = name(
  "Sale",
  z.object({
    id: saleId,
    starts_at: timeShown.meta({ description: "The start of its hour." }),
    ends_at: timeShown.meta({ description: "The end of its hour." }),
    items: count.meta({ description: "Number of items; sold + held + left = items." }),
    sold: count,
    held: count.meta({ description: "Unsold items with a live hold." }),
    left: count.meta({ description: "Items that are available." }),
    state: saleState,
    paused: z.boolean().meta({ description: "Whether checkouts are paused." }),
    created_at: timeShown,
    updated_at: timeShown,
  }),
);

/** What a hold and a purchase have in common. */
export const heldFields = { item: Item, user_id: userId };
