/**
 * Finds the current sale for a checkout by item number: the one whose actor says that it is its hour. The hour may turn
 * while a request is on its way, or between a request and its repeat, and clocks are never exactly equal.
 */
import type { OutcomeOf, Sales, SaleViews } from "../../ports/mod.ts";
import type { SaleCommandOf, SaleKind } from "../../domain/sale.ts";
import { saleKeyOf } from "../../domain/sale_ids.ts";
import type { Caller } from "../auth/callers.ts";
import { newCode } from "./codes.ts";
import { commandId } from "../requests/command_id.ts";

/**
 * Asks the current sale. A request with an idempotency key first asks the sale of the previous hour: if it was accepted
 * there, it gets that answer; if not, it can no longer be accepted there.
 *
 * @returns the outcome; `sale_not_current` if no actor says that it is its hour
 * @throws BadRequest if the key is not valid; and what asking throws, after which no other sale is asked
 */
export async function askCurrent(
  { sales, views }: { readonly sales: Sales; readonly views: Pick<SaleViews, "current"> },
  request: Request,
  caller: Caller,
  wanted: Pick<SaleCommandOf<"checkout">, "kind" | "userId" | "n">,
): Promise<OutcomeOf<SaleKind>> {
  const current = views.current();
  const isKeyed = request.headers.has("idempotency-key");
  const numbers = isKeyed ? [current - 1, current, current + 1] : [current, current + 1, current - 1];
  for (const number of numbers) {
    const key = saleKeyOf(number);
    const command = { ...wanted, code: newCode(), current: true as const, ...commandId(request.headers, caller, key) };
    const outcome = await sales.ask(key, command);
    if (outcome.kind !== "refused") return outcome;
    // There may be no sale for other hours.
    const isAbsent = number !== current && outcome.refusal === "item_not_found";
    if (outcome.refusal !== "sale_not_current" && !isAbsent) return outcome;
  }
  return { kind: "refused", refusal: "sale_not_current" };
}
