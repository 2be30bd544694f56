/** Masks secrets in texts that are shown. */

const MASK = "***";
/** The user information of a URL in a text, which may contain any character but white space; and the query. */
const USER_INFO = /:\/\/\S*@/g;
const QUERY = /(:\/\/[^\s?]*\?)\S+/g;
/** A secret's name and value in a list such as libpq's. */
const NAMED = /([\w-]*(?:pass|pwd|secret|token|key|auth)[\w-]*\s*=\s*)\S.*/is;
/** What is in the place of the port of a URL without `@`, but is not a port: it may be a password after a user. */
const NO_PORT = /^(\s*[a-z][a-z\d+.-]*:\/\/[^\s/:[]*:)(?!\d{1,5}(?:[/,\s]|$)).+/is;
// deno-lint-ignore no-control-regex -- matches control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/g;
/** Longest value that is shown, in UTF-16 units. */
const VALUE_MAX = 200;

/** A text, such as an error message, without the user information and queries of URLs. */
export function masked(text: string): string {
  if (!text.includes("://")) return text;
  return text.replace(USER_INFO, `://${MASK}@`).replace(QUERY, `$1${MASK}`);
}

/** A value with {@linkcode masked} texts. */
export function maskedIn(value: unknown): unknown {
  if (typeof value === "string") return masked(value);
  if (Array.isArray(value)) return value.map(maskedIn);
  if (value instanceof Error) return masked(String(value));
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [masked(name), maskedIn(one)]));
}

/**
 * A setting's value on one line, without what may be a secret: everything before its last `@` except the scheme, everything
 * after its first `?` or `#`, and values with a secret's name. The value may be any text, including an invalid URL.
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
