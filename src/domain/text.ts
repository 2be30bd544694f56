/**
 * Which texts can be a user's id, and what do ids, names and titles have in common?
 *
 * U+FFFD is refused everywhere: it is what a decoder leaves where the bytes were not well-formed, and two ids that
 * differ only in ill-formed bytes must not become one. An id is compared exactly, so white space at either end is refused
 * rather than removed, and so is U+FEFF, which decoders take for the mark of an encoding and drop.
 */

/** Longest name, title or id, in code points. */
export const TEXT_MAX = 255;

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
/** A character that is not printable ASCII, or is a blank. */
export const NOT_PLAIN_ASCII = /[^\x21-\x7e]/;

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** Whether a text has a control character. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text);
}

/** Whether a text has at most so many code points. */
export function fitsTextMax(text: string, max: number = TEXT_MAX): boolean {
  return text.length <= max || (text.length <= 2 * max && codePoints(text) <= max);
}

/** Whether a text begins or ends with white space or U+FEFF. */
export function hasOuterSpace(text: string): boolean {
  return text.trim() !== text;
}

/**
 * Whether a value can be a user's id: 1 to 255 code points, no white space at either end, no control characters,
 * well-formed.
 */
export function isUserId(value: unknown): value is string {
  if (typeof value !== "string" || value.length === 0 || value === "." || value === "..") return false;
  if (!NOT_PLAIN_ASCII.test(value)) return value.length <= TEXT_MAX;
  return value.isWellFormed() && !value.includes("\ufffd") && !hasControl(value) && !hasOuterSpace(value) &&
    fitsTextMax(value);
}

/** What {@linkcode isUserId} asks for, to go on after the name of what is wrong. */
export const USER_ID_RULE =
  "must be a text of 1 to 255 characters, without control characters and without white space at either end";
