/**
 * Which codes does a pattern stand for? `#` is a digit, `?` a letter, `\` makes the character after it mean itself, and
 * any other character means itself: `SPRING-####-????`.
 *
 * No digit or letter that is put in is read for another: none of 0 1, nor of B I L O S Z, which look like 8 1 1 0 5 2.
 */
import { hasControl, normalizeName, TEXT_MAX } from "./name_key.ts";

/** What `#` stands for. */
export const DIGITS = "23456789";
/** What `?` stands for. */
export const LETTERS = "ACDEFGHJKMNPQRTUVWXY";

/** Characters of an unguessable code: 129.8 random bits, of digits and letters. */
const UNGUESSABLE_LENGTH = 27;
/** Longest pattern, in UTF-16 units: every place escaped, of the longest characters. */
const PATTERN_MAX = 4 * TEXT_MAX;

/** Part of a code: a text that stands in all of them, or one of some characters. */
type Part = { readonly text: string } | { readonly oneOf: string };

/** What all codes of a kind have in common. */
export interface CodePattern {
  readonly parts: readonly Part[];
  /** How many codes there are; Infinity where they are beyond number. */
  readonly possible: number;
}

/** A whole number, 0 or more and less than `below`, each as likely as any other. */
export type RandomBelow = (below: number) => number;

const PLACES: Readonly<Record<string, string>> = { "#": DIGITS, "?": LETTERS };

function patternOf(parts: readonly Part[]): CodePattern {
  return { parts, possible: parts.reduce((all, part) => "oneOf" in part ? all * part.oneOf.length : all, 1) };
}

/** Codes that no one can guess: 27 characters, each of 28. */
export const UNGUESSABLE: CodePattern = patternOf(
  Array.from({ length: UNGUESSABLE_LENGTH }, () => ({ oneOf: DIGITS + LETTERS })),
);

/**
 * The pattern that a text says.
 *
 * @returns undefined where it has a control character, its codes cannot be names of coupons, a `\` stands before nothing, or it is far too long
 */
export function parsePattern(text: string): CodePattern | undefined {
  if (text.length > PATTERN_MAX || hasControl(text)) return undefined;
  const parts: Part[] = [];
  let literal = "";
  for (let at = 0; at < text.length; at++) {
    const oneOf = PLACES[text[at]!];
    if (oneOf !== undefined) {
      if (literal !== "") parts.push({ text: literal });
      parts.push({ oneOf });
      literal = "";
    } else {
      if (text[at] === "\\" && ++at === text.length) return undefined;
      literal += text[at];
    }
  }
  if (literal !== "") parts.push({ text: literal });
  const pattern = patternOf(parts);
  return normalizeName(longestCodeOf(pattern)) === undefined ? undefined : pattern;
}

/** A new code. */
export function codeOf({ parts }: CodePattern, random: RandomBelow): string {
  let code = "";
  for (const part of parts) code += "text" in part ? part.text : part.oneOf[random(part.oneOf.length)];
  return code;
}

/** A code whose key is as long as any: no mark that follows a Q or a digit makes one character with it. */
export function longestCodeOf(pattern: CodePattern): string {
  return codeOf(pattern, (below) => below === DIGITS.length ? 0 : LETTERS.indexOf("Q"));
}
