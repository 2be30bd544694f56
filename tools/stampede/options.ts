/** What may be asked of a stampede? */
import { maskedValue } from "../../src/masked.ts";

/** The checked options. */
export interface Options {
  /** Nodes; each request goes to one of them at random. */
  readonly urls: readonly string[];
  readonly buyers: number;
  /** Buyers at once. */
  readonly connections: number;
  /** The same seed makes the same buyers want the same. */
  readonly seed: number;
  /** Items that a user may buy: PURCHASE_LIMIT of the nodes. */
  readonly limit: number;
  /** A sale's id, or `current`. */
  readonly sale: string;
  /** An administrator's, where the nodes ask for one, from ADMIN_TOKEN by default; else empty. */
  readonly token: string;
}

/** Shown where an option is wrong. */
export const USAGE =
  "deno task stampede [--url http://127.0.0.1:8080,…] [--buyers 2000] [--connections 64] [--seed 1] " +
  "[--limit 10] [--sale current] [--token …]\n" +
  "ADMIN_TOKEN in the environment is the token where --token, which others see in the process list, is not given.";

const DEFAULTS: Options = {
  urls: ["http://127.0.0.1:8080"],
  buyers: 2_000,
  connections: 64,
  seed: 1,
  limit: 10,
  sale: "current",
  token: "",
};
const SALE = /^(current|\d{4}-\d{2}-\d{2}T\d{2}Z)$/;

function wrong(option: string, allowed: string, text: string | undefined): Error {
  return new Error(`Cannot run a stampede as ${option} must be ${allowed}: received ${maskedValue(text ?? "nothing")}`);
}

function wholeNumber(option: string, text: string | undefined, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(text ?? "") ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw wrong(option, `a whole number from ${min} to ${max}`, text);
}

function urlsOf(option: string, text: string | undefined): string[] {
  const urls = (text ?? "").split(",").map((url) => url.trim());
  const isOne = (url: string) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) && !url.includes("@");
  if (urls.every(isOne)) return urls.map((url) => url.replace(/\/+$/, ""));
  throw wrong(option, "one or more http URLs without user and password, separated by commas", text);
}

function tokenOf(option: string, text: string | undefined): string {
  if (/^[\x21-\x7e]+$/.test(text ?? "")) return text!;
  throw wrong(option, "visible ASCII characters", "another text");
}

const READERS: Readonly<Record<string, (option: string, text: string | undefined) => Partial<Options>>> = {
  "--url": (option, text) => ({ urls: urlsOf(option, text) }),
  "--buyers": (option, text) => ({ buyers: wholeNumber(option, text, 1, 1_000_000) }),
  "--connections": (option, text) => ({ connections: wholeNumber(option, text, 1, 10_000) }),
  "--seed": (option, text) => ({ seed: wholeNumber(option, text, 0, 2_147_483_647) }),
  "--limit": (option, text) => ({ limit: wholeNumber(option, text, 1, 32_767) }),
  "--sale": (option, text) => {
    if (SALE.test(text ?? "")) return { sale: text! };
    throw wrong(option, "current, or a sale's id such as 2026-11-21T14Z", text);
  },
  "--token": (option, text) => ({ token: tokenOf(option, text) }),
};

/**
 * Reads `--name value` and `--name=value`.
 *
 * @param adminToken of the environment
 * @throws Error of one line that says which is wrong and what is allowed
 */
export function readOptions(args: readonly string[], adminToken?: string): Options {
  let options = adminToken ? { ...DEFAULTS, token: tokenOf("ADMIN_TOKEN", adminToken) } : DEFAULTS;
  const rest = args.flatMap((arg) => arg.startsWith("--") && arg.includes("=") ? arg.split(/=(.*)/s, 2) : [arg]);
  for (let place = 0; place < rest.length; place += 2) {
    const [option, text] = [rest[place]!, rest[place + 1]];
    if (!Object.hasOwn(READERS, option)) {
      const names = Object.keys(READERS).join(", ");
      throw new Error(`Cannot run a stampede as there is no option ${option}; there are ${names}`);
    }
    options = { ...options, ...READERS[option]!(option, text) };
  }
  return options;
}
