/**
 * Which texts can be a name or an id, and when are two names one?
 *
 * U+FFFD is refused everywhere: it is what a decoder leaves where the bytes were not well-formed, and two ids that
 * differ only in ill-formed bytes must not become one. So is U+FEFF at the beginning: decoders take it for the mark of
 * an encoding and leave it out, and what is read back would be another id.
 */

/** Longest name or id, in code points. */
export const TEXT_MAX = 255;

// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const NOT_PLAIN_ASCII = /[^\x21-\x7e]/;

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

function isClean(text: string): boolean {
  return text.isWellFormed() && !text.includes("\ufffd") && !CONTROL.test(text);
}

/** Whether a name or an id may be so, but for its length. */
function isKept(text: string): boolean {
  return isClean(text) && !text.startsWith("\ufeff");
}

function fitsTextMax(text: string, max = TEXT_MAX): boolean {
  return text.length <= max || (text.length <= 2 * max && codePoints(text) <= max);
}

/**
 * The fold of a coupon's name: NFKC, trim, lower case, NFC. Two names are one where their folds are equal.
 *
 * @returns the fold, or undefined where the text cannot be a name: empty or longer than 255 code points after NFKC,
 * with a control character or a U+FEFF at its beginning, ill-formed, with a `/`, or `.` or `..`.
 */
export function foldName(name: string): string | undefined {
  return foldWithin(name, TEXT_MAX);
}

/** Whether a text is the fold of a name. It may be twice as long: the small letter of one, U+0130, is two code points. */
export function isFold(text: string): boolean {
  return foldWithin(text, 2 * TEXT_MAX) === text;
}

function foldWithin(name: string, max: number): string | undefined {
  let shown = name;
  const plain = !NOT_PLAIN_ASCII.test(name);
  if (!plain) {
    if (!isKept(name) || name.length > 8 * max) return undefined;
    shown = name.normalize("NFKC");
    if (!fitsTextMax(shown, max)) return undefined;
    shown = shown.trim();
    if (!isClean(shown)) return undefined;
  }
  if (shown.length === 0 || !fitsTextMax(shown, max) || shown.includes("/") || shown === "." || shown === "..") {
    return undefined;
  }
  return plain ? shown.toLowerCase() : shown.toLowerCase().normalize("NFC");
}

/**
 * The text to look for in folds: folded like a name, but not trimmed, and empty is allowed. A capital sigma is a small one
 * of either form, by where it stands: it is looked for as `σ`, with each `ς` of the folds taken for one.
 *
 * @returns the folded text, or undefined where it is ill-formed, has a control character, or is over 255 code points
 * after NFKC.
 */
export function foldSearch(text: string): string | undefined {
  if (!isClean(text) || text.length > 8 * TEXT_MAX) return undefined;
  const shown = text.normalize("NFKC");
  return fitsTextMax(shown) ? shown.toLowerCase().normalize("NFC").replaceAll("ς", "σ") : undefined;
}

/** Whether a text can be a user's id: 1 to 255 code points, not blank, no control characters, well-formed. */
export function isUserId(text: unknown): text is string {
  if (typeof text !== "string" || text.length === 0 || text === "." || text === "..") return false;
  if (!NOT_PLAIN_ASCII.test(text)) return text.length <= TEXT_MAX;
  return isKept(text) && fitsTextMax(text) && text.trim().length > 0;
}

/** Whether a value can be a segment's title: what can be a user's id. */
export function isSegment(value: unknown): value is string {
  return isUserId(value);
}
