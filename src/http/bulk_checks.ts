/** Is a job that is to make many coupons one that can be done? */
import type { BulkRequest } from "../actors/ports.ts";
import { DIGITS, LETTERS, longestCodeOf, parsePattern, UNGUESSABLE } from "../domain/code_pattern.ts";
import { CREATE_FIELDS, fieldsOf, termsOf } from "./checks.ts";
import { BadRequest } from "./problem.ts";

/** Coupons that one job may make. */
export const COUNT_MAX = 1_000_000;
/** Each code is drawn, and drawn again where it is taken: so part of a pattern's codes must stay free. */
const SHARE_MAX = 1 / 2;

const OWN_FIELDS = ["count", "pattern", "unguessable"];

function invalid(detail: string): BadRequest {
  return new BadRequest("invalid_request", detail);
}

/** Checks the body of a bulk request; the terms are checked as those of a create. @throws BadRequest */
export function bulkOf(body: unknown): Omit<BulkRequest, "id"> {
  const allowed = new Set([...OWN_FIELDS, ...CREATE_FIELDS]);
  allowed.delete("name");
  const { count, pattern: text, unguessable, ...given } = fieldsOf(body, allowed);
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > COUNT_MAX) {
    throw invalid(`count must be a whole number from 1 to ${COUNT_MAX}`);
  }
  if (unguessable !== undefined && typeof unguessable !== "boolean") throw invalid("unguessable must be true or false");
  if ((text === undefined) !== (unguessable === true)) {
    throw invalid("pattern is needed, or unguessable: true, not both");
  }
  const pattern = text === undefined ? UNGUESSABLE : typeof text === "string" ? parsePattern(text) : undefined;
  if (pattern === undefined) {
    throw invalid(
      "pattern must be a text whose codes have 1 to 255 characters without control characters or /; # is a digit of " +
        `${DIGITS}, ? a letter of ${LETTERS}, and \\ makes the next character mean itself`,
    );
  }
  if (count > pattern.possible * SHARE_MAX) {
    throw invalid(
      `count must be at most ${Math.floor(pattern.possible * SHARE_MAX)}, half of the codes of this pattern: ` +
        "give it more places of # or ?",
    );
  }
  const { name: _, ...terms } = termsOf({ amount: 1, ...given, name: longestCodeOf(pattern) }).terms;
  return { count, pattern: text as string | undefined ?? null, terms };
}
