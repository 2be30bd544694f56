/**
 * When are two coupon names, or two segment titles, one? When their keys are equal.
 *
 * The key of a text: default-ignorable and format characters removed; NFKC; each run of white space one blank, none at
 * either end; each dash `-`; case removed by lower-, upper- and lower-casing it, so that `ß` is `ss`, with both forms of the
 * small sigma as `σ`; NFC. The key of a key is itself. Ignorable characters go before blanks, as there may be a
 * blank on either side of one; blanks after NFKC, which makes some.
 *
 * A user's id is compared exactly, so white space at either end is refused rather than removed, and so is U+FEFF, which
 * decoders take for the mark of an encoding and drop. U+FFFD is refused everywhere: it is what a decoder leaves where the
 * bytes were not well-formed, and two texts that differ only in such bytes must not become one.
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

const IGNORABLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]+/gu;
const WHITE_SPACE = /\p{White_Space}+/gu;
const DASH = /\p{Dash}/gu;
/** Longest text that a key is made of, in UTF-16 units: the work is bounded, whatever is sent. */
const SENT_MAX = 8 * TEXT_MAX;

/** A text in the form whose length is limited: all of the key's steps but for case. */
function plainForm(text: string): string {
  return text.replace(IGNORABLE, "").normalize("NFKC").replace(WHITE_SPACE, " ").replace(DASH, "-").trim();
}

/**
 * Decomposed, as a letter with an iota below it has other capitals than the two apart; and lower-cased first, as the upper
 * case of the capital `ẞ` is itself.
 */
function withoutCase(text: string): string {
  return text.normalize("NFD").toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ").normalize("NFC");
}

/**
 * The key of a text, empty where nothing is left.
 *
 * @param max code points before case is removed, which can double them
 * @returns undefined where it is ill-formed, has a U+FFFD or a control character that is no white space, or is too long
 */
function keyOf(text: string, max: number): string | undefined {
  // Of most texts: printable ASCII without blanks, of which only case and length matter.
  if (!NOT_PLAIN_ASCII.test(text)) return text.length <= max ? text.toLowerCase() : undefined;
  if (text.length > SENT_MAX || !text.isWellFormed() || text.includes("\ufffd")) return undefined;
  const plain = plainForm(text);
  return hasControl(plain) || !fitsTextMax(plain, max) ? undefined : withoutCase(plain);
}

function nameKeyWithin(name: string, max: number): string | undefined {
  const key = keyOf(name, max);
  return key === undefined || key === "" || key === "." || key === ".." || key.includes("/") ? undefined : key;
}

/**
 * The key of a coupon's name, which is the key of its actor.
 *
 * @returns undefined where the text cannot be a name: ill-formed, with a U+FFFD, or, in the key's form, empty, with a
 * control character or a `/`, `.` or `..`; or longer than 255 code points before case is removed. So a key has at most
 * 510 code points.
 */
export function normalizeName(name: string): string | undefined {
  return nameKeyWithin(name, TEXT_MAX);
}

/** Whether a text is the key of a name. */
export function isNameKey(text: string): boolean {
  return nameKeyWithin(text, 2 * TEXT_MAX) === text;
}

/** The key of a segment's title; undefined where the text cannot be one: as for a name, but a `/` is allowed. */
export function normalizeTitle(title: string): string | undefined {
  const key = keyOf(title, TEXT_MAX);
  return key === "" || key === "." || key === ".." ? undefined : key;
}

/** The text to look for in the keys of names, made like a key; empty is allowed. Undefined where it is no text. */
export function normalizeSearch(text: string): string | undefined {
  return keyOf(text, TEXT_MAX);
}

/** A segment's title as it is stored and shown: as it was sent, but white space as in its key. */
export function shownTitle(title: string): string {
  return title.replace(WHITE_SPACE, " ").trim();
}

/** A name as it is stored and shown: as it was sent, unless it has tabs or line ends; then white space as in its key. */
export function shownName(name: string): string {
  return hasControl(name) ? shownTitle(name) : name;
}

/** Whether a value can be a segment's title. */
export function isSegment(value: unknown): value is string {
  return typeof value === "string" && normalizeTitle(value) !== undefined;
}
