/** Sales, items and holds as answers show them. Times are RFC 3339, UTC. */
import type { AttemptView, HoldView, ItemView, SaleSummary } from "../../ports/mod.ts";
import { itemNameOf } from "../../domain/item_names.ts";
import type { SaleAnswer } from "../../domain/sale.ts";
import { itemIdOf, type ItemPlace, parseItemId, saleKeyOf } from "../../domain/sale_ids.ts";
import { showTime } from "../../contract/values.ts";

export function showItem({ number, n }: ItemPlace): Record<string, unknown> {
  const id = itemIdOf(number, n);
  const sale = saleKeyOf(number);
  return { id, name: itemNameOf(number, n), image_url: `/api/sales/${sale}/items/${id}/image.svg`, sale };
}

export function showItemState(number: number, { n, state }: ItemView): Record<string, unknown> {
  return { ...showItem({ number, n }), state };
}

export function showSale(sale: SaleSummary): Record<string, unknown> {
  const { key, items, sold, held, phase, paused } = sale;
  return {
    id: key,
    starts_at: showTime(sale.startsAt),
    ends_at: showTime(sale.endsAt),
    items,
    sold,
    held,
    left: items - sold - held,
    state: phase,
    paused,
    created_at: showTime(sale.createdAt),
    updated_at: showTime(sale.updatedAt),
  };
}

export function showAttempt(number: number, { userId, n, outcome, at }: AttemptView): Record<string, unknown> {
  return { user_id: userId, item_id: itemIdOf(number, n), outcome, at: showTime(at) };
}

/** The state that a purchase with this hold would find, in the order of its refusals. */
function holdState({ endedAt, purchasedAt, isLive, isSold }: HoldView): string {
  if (purchasedAt !== null) return "purchased";
  if (endedAt !== null) return "ended";
  if (!isLive) return "expired";
  return isSold ? "sold_to_another" : "live";
}

export function showHold(code: string, number: number, hold: HoldView): Record<string, unknown> {
  const { n, userId, expiresAt, purchasedAt } = hold;
  return {
    code,
    item: showItem({ number, n }),
    user_id: userId,
    state: holdState(hold),
    expires_at: showTime(expiresAt),
    purchased_at: purchasedAt === null ? null : showTime(purchasedAt),
  };
}

/** The body of a success. */
export function showSaleAnswer(answer: SaleAnswer): string {
  if ("sale" in answer) {
    const { key, paused, updatedAt } = answer.sale;
    return JSON.stringify({ message: "Sale updated successfully", id: key, paused, updated_at: showTime(updatedAt) });
  }
  const { itemId, userId } = answer;
  const item = showItem(parseItemId(String(itemId))!);
  switch (answer.kind) {
    case "held":
      return JSON.stringify({ code: answer.code, item, user_id: userId, expires_at: showTime(answer.expiresAt) });
    case "purchased":
      return JSON.stringify({
        message: "Purchase successful",
        item,
        user_id: userId,
        purchased_at: showTime(answer.purchasedAt),
      });
    case "released":
      return JSON.stringify({
        message: "Item given back",
        item,
        user_id: userId,
        released_at: showTime(answer.releasedAt),
      });
    case "voided":
      return JSON.stringify({
        message: "Purchase voided successfully",
        item,
        user_id: userId,
        voided_at: showTime(answer.voidedAt),
      });
  }
}
