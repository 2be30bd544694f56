/** Commands on sales for tests, each with an id and, where it needs one, a code of its own. */
import type { SaleCommand, SaleSettings } from "../../src/domain/sale.ts";
import type { Identity } from "./commands.ts";

/** The settings that a node has where nothing else is configured. */
export const SETTINGS: SaleSettings = { limit: 10, mode: "exclusive", ttlMs: 30_000, closes: "sold_out" };

function identity({ id = crypto.randomUUID(), keyed = false }: Identity): { id: string; keyed: boolean } {
  return { id, keyed };
}

/** 22 characters that no one can guess. */
export function newCode(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The making of a sale. */
export function open(number: number, items: number, who: Identity = {}): SaleCommand {
  return { kind: "open", number, items, ...identity(who) };
}

/** A checkout. */
export function checkout(userId: string, n: number, who: Identity & { readonly code?: string } = {}): SaleCommand {
  return { kind: "checkout", userId, n, code: who.code ?? newCode(), ...identity(who) };
}

/** What is done with a code. */
export function withCode(
  kind: "purchase" | "release" | "voidPurchase",
  code: string,
  who: Identity = {},
): SaleCommand {
  return { kind, code, ...identity(who) };
}

/** A pause or its end. */
export function editSale(paused: boolean, who: Identity = {}): SaleCommand {
  return { kind: "edit", paused, ...identity(who) };
}
