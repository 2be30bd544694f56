/** What may be asked of a stampede? */
import type { Command } from "commander";
import { plainCommand } from "../../src/cli/plain_command.ts";
import { maskedValue } from "../../src/config/masked.ts";

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

const SALE = /^(current|\d{4}-\d{2}-\d{2}T\d{2}Z)$/;

function wrong(option: string, allowed: string, text: string): Error {
  return new Error(`Cannot run a stampede as ${option} must be ${allowed}: received ${maskedValue(text)}`);
}

function wholeNumber(option: string, text: string, min: number, max: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : NaN;
  if (number >= min && number <= max) return number;
  throw wrong(option, `a whole number from ${min} to ${max}`, text);
}

function urlsOf(option: string, text: string): string[] {
  const urls = text.split(",").map((url) => url.trim());
  const isOne = (url: string) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) && !url.includes("@");
  if (urls.every(isOne)) return urls.map((url) => url.replace(/\/+$/, ""));
  throw wrong(option, "one or more http URLs without user and password, separated by commas", text);
}

function tokenOf(option: string, text: string): string {
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw wrong(option, "visible ASCII characters", "another text");
}

function saleOf(option: string, text: string): string {
  if (SALE.test(text)) return text;
  throw wrong(option, "current, or a sale's id such as 2026-11-21T14Z", text);
}

/** The options as they are given, before they are checked. */
export type Given = { readonly [K in keyof Options as K extends "urls" ? "url" : K]: string };

/** The command line of `deno task stampede`. */
export function stampedeCommand(): Command {
  return plainCommand("deno task stampede")
    .description(
      "Sends buyers at a flash sale of running nodes, then compares what they were told with what is stored.",
    )
    .option("--url <urls>", "nodes, separated by commas", "http://127.0.0.1:8080")
    .option("--buyers <count>", "buyers in total", "2000")
    .option("--connections <count>", "buyers at once", "64")
    .option("--seed <number>", "the same seed makes the buyers do the same", "1")
    .option("--limit <items>", "PURCHASE_LIMIT of the nodes", "10")
    .option("--sale <id>", "a sale's id, such as 2026-11-21T14Z", "current")
    .option("--token <token>", "an administrator's token; prefer ADMIN_TOKEN, which the process list does not show", "")
    .addHelpText(
      "after",
      `
Exit code: 0 exact; 1 not exact; 2 it could not be found out.

Examples:
  deno task stampede
  deno task stampede --url http://127.0.0.1:8080,http://127.0.0.1:8081 --buyers 20000
  ADMIN_TOKEN=… deno task stampede --url https://shop.example`,
    );
}

/**
 * Checks what was given.
 *
 * @param adminToken of the environment, for where no --token is given
 * @throws Error of one line that says which is wrong and what is allowed
 */
export function checkOptions(given: Given, adminToken?: string): Options {
  const [source, token] = given.token === "" ? ["ADMIN_TOKEN", adminToken ?? ""] : ["--token", given.token];
  return {
    urls: urlsOf("--url", given.url),
    buyers: wholeNumber("--buyers", given.buyers, 1, 1_000_000),
    connections: wholeNumber("--connections", given.connections, 1, 10_000),
    seed: wholeNumber("--seed", given.seed, 0, 2_147_483_647),
    limit: wholeNumber("--limit", given.limit, 1, 32_767),
    sale: saleOf("--sale", given.sale),
    token: token === "" ? "" : tokenOf(source!, token!),
  };
}
