/** How is a text told without the secrets that stand in URLs? */

/** In place of a secret. */
const MASK = "***";
/** Of a URL in a text: user and password, which may hold any character but white space; and the query. */
const USER_INFO = /:\/\/\S*@/g;
const QUERY = /(:\/\/[^\s?]*\?)\S+/g;
/** Of a list of names and values, such as libpq's: what a secret is called, and its value. */
const NAMED = /([\w-]*(?:pass|pwd|secret|token|key|auth)[\w-]*\s*=\s*)\S.*/is;
/** Of a URL without `@`: what would be its port, where it is none; its first part may be a user, then this is a password. */
const NO_PORT = /^(\s*[a-z][a-z\d+.-]*:\/\/[^\s/:[]*:)(?!\d{1,5}(?:[/,\s]|$)).+/is;
// deno-lint-ignore no-control-regex -- control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
/** Longest value that is repeated, in UTF-16 units. */
const VALUE_MAX = 200;

/** A text, such as an error's message, without the user information and the query of any URL in it. */
export function masked(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(USER_INFO, `://${MASK}@`).replace(QUERY, `$1${MASK}`);
}

/** {@linkcode masked} in all texts that a value holds. */
export function maskedIn(value: unknown): unknown {
  if (typeof value === "string") return masked(value);
  if (Array.isArray(value)) return value.map(maskedIn);
  if (value instanceof Error) return masked(String(value));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [masked(name), maskedIn(one)]));
}

/**
 * A setting's value in one line, without what may be a secret: all before its last `@` but a scheme, all after its first
 * `?` or `#`, and what stands under a secret's name. It may be any text, and a URL that no one can read.
 */
export function maskedValue(value: string): string {
  const scheme = /^\s*[a-z][a-z\d+.-]*:\/\//i.exec(value)?.[0] ?? "";
  const end = value.lastIndexOf("@");
  const told = (end < scheme.length ? value : scheme + MASK + value.slice(end))
    .replace(NO_PORT, `$1${MASK}`)
    .replace(/([?#]).+/s, `$1${MASK}`)
    .replace(NAMED, `$1${MASK}`)
    .replace(CONTROL, "\ufffd");
  return told.length > VALUE_MAX ? told.slice(0, VALUE_MAX).toWellFormed() + "\u2026" : told;
}
