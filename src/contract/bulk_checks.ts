/** Is a job that is to make many coupons one that can be done? */
import type { BulkRequest } from "../ports/mod.ts";
import { parsePattern, UNGUESSABLE } from "../domain/code_pattern.ts";
import { checked, moreTermsOf } from "./checks.ts";
import { BulkBody } from "./bodies.ts";
import { invalid } from "../http/answers/problem.ts";

/** Each code is drawn, and drawn again where it is taken: so part of a pattern's codes must stay free. */
const SHARE_MAX = 1 / 2;

/** Checks the body of a bulk request; the terms are checked as those of a create. @throws BadRequest */
export function bulkOf(body: unknown): Omit<BulkRequest, "id"> {
  const { count, pattern: text, unguessable, ...given } = checked(BulkBody, body);
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
