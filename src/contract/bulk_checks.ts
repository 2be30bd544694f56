/** Is a job that is to make many coupons one that can be done? */
import type * as z from "zod";
import { parsePattern, UNGUESSABLE } from "../domain/code_pattern.ts";
import type { CouponTerms } from "../domain/coupon.ts";
import { moreTermsOf } from "./checks.ts";
import type { BulkBody } from "./bodies.ts";
import { invalid } from "./invalid.ts";

/** Each code is drawn, and drawn again where it is taken: so part of a pattern's codes must stay free. */
const SHARE_MAX = 1 / 2;

/** What a bulk request asks for. */
export interface CheckedBulk {
  readonly count: number;
  /** Of the coupons' names; null where no one is to guess them. */
  readonly pattern: string | null;
  readonly terms: Omit<CouponTerms, "name">;
}

/** What the body of a bulk request says. @throws InvalidRequest where the parts do not go together, as for a create */
export function bulkOf({ count, pattern: text, unguessable, ...given }: z.output<typeof BulkBody>): CheckedBulk {
  if ((text === undefined) !== (unguessable === true)) {
    throw invalid("pattern is needed, or unguessable: true, not both");
  }
  const pattern = text === undefined ? UNGUESSABLE : parsePattern(text)!;
  if (count > pattern.possible * SHARE_MAX) {
    throw invalid(
      `count must be at most ${Math.floor(pattern.possible * SHARE_MAX)}, half of the codes of this pattern: ` +
        "give it more places of # or ?",
      "count",
    );
  }
  return { count, pattern: text ?? null, terms: moreTermsOf({ ...given, amount: given.amount ?? 1 }) };
}
