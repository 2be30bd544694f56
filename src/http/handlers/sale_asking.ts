/** Sends commands to sales and turns their outcomes into answers. */
import { Fault, type OutcomeOf, type Sales } from "../../ports/mod.ts";
import type { SaleCommand, SaleKind } from "../../domain/sale.ts";
import { answer, type Answered, refusal } from "../answers/answer.ts";
import { type Caller, OWN_CODE } from "../auth/callers.ts";
import { commandId } from "../requests/command_id.ts";
import type { RequestId } from "../requests/request_id.ts";
import { showSaleAnswer } from "../answers/sale_shown.ts";

export interface AskedSales {
  readonly sales: Sales;
  /** Maximum number of items that a user may buy in one sale. */
  readonly purchaseLimit: number;
}

/** A command without its id. */
export type Wanted = SaleCommand extends infer Command
  ? Command extends SaleCommand ? Omit<Command, "id" | "keyed"> : never
  : never;

/** Asks a sale. @param key of its actor @throws BadRequest if the idempotency key is not valid; and what asking throws */
export async function askSale(
  { sales }: AskedSales,
  request: Request,
  caller: Caller,
  key: string,
  wanted: Wanted,
): Promise<OutcomeOf<SaleKind>> {
  const command = { ...wanted, ...commandId(request.headers, caller, key) } as SaleCommand;
  return await sales.ask(key, command);
}

/**
 * The answer to a sale's outcome.
 *
 * @param itemParam the parameter that named the item
 * @throws Fault in place of a refusal that clients never see
 */
export function wordSale(
  { purchaseLimit }: AskedSales,
  outcome: OutcomeOf<SaleKind>,
  id: RequestId,
  itemParam?: string,
): Answered {
  if (outcome.kind !== "refused") return answer(200, id, showSaleAnswer(outcome.answer));
  switch (outcome.refusal) {
    case "item_not_found":
      return refusal("item_not_found", id, undefined, itemParam);
    case "forbidden":
      return refusal("forbidden", id, OWN_CODE);
    case "limit_reached":
      return refusal("limit_reached", id, `User has reached the maximum of ${purchaseLimit} items per sale`);
    case "paused": // a coupon's has another status
      return refusal("sale_paused", id);
    case "sale_not_current":
      throw new Fault("moved", "Command dropped: the hour turned while it was on its way");
    default:
      return refusal(outcome.refusal, id);
  }
}

/** Asks a sale and answers. Throws as {@linkcode askSale} and {@linkcode wordSale}. */
export async function tellSale(
  sales: AskedSales,
  request: Request,
  id: RequestId,
  caller: Caller,
  key: string,
  wanted: Wanted,
): Promise<Answered> {
  return wordSale(sales, await askSale(sales, request, caller, key, wanted), id);
}
