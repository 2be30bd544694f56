/** How does a test check out and buy at a real server, and read what the server shows of its sales? */
import assert from "node:assert/strict";
import { itemIdOf, parseSaleKey } from "../../src/domain/sale_ids.ts";
import { ask, type Reply } from "./node.ts";

type Headers = Readonly<Record<string, string>>;

/** A sale, as tests name its items. */
export interface TestSale {
  readonly key: string;
  readonly number: number;
  /** How many it has. */
  readonly items: number;
  /** The id of its n-th item, from 1. */
  itemId(n: number): number;
}

/** The sale of this hour: to be asked for once, since the hour may turn under a test. */
export async function currentSale(url: string): Promise<TestSale> {
  const { status, body } = await ask(url, "GET", "/api/sales/current");
  assert.equal(status, 200, JSON.stringify(body));
  return saleOf(body["id"] as string, body["items"] as number);
}

/** A sale by its key. */
export function saleOf(key: string, items: number): TestSale {
  const number = parseSaleKey(key)!;
  return { key, number, items, itemId: (n) => itemIdOf(number, n) };
}

/** Checks an item out. Throws as `ask`. */
export function checkout(url: string, user: string, itemId: number | string, headers: Headers = {}): Promise<Reply> {
  return ask(url, "POST", `/checkout?user_id=${encodeURIComponent(user)}&id=${itemId}`, undefined, headers);
}

/** Buys with a code. Throws as `ask`. */
export function purchase(url: string, code: string, headers: Headers = {}): Promise<Reply> {
  return ask(url, "POST", `/purchase?code=${code}`, undefined, headers);
}

/** The code of a checkout that must succeed. */
export async function hold(url: string, user: string, itemId: number): Promise<string> {
  const { status, body } = await checkout(url, user, itemId);
  assert.equal(status, 200, `${user} on ${itemId}: ${JSON.stringify(body)}`);
  return body.code!;
}

/** Checks out and buys, which must both succeed; returns the code. */
export async function buy(url: string, user: string, itemId: number): Promise<string> {
  const code = await hold(url, user, itemId);
  const { status, body } = await purchase(url, code);
  assert.equal(status, 200, `${user} on ${itemId}: ${JSON.stringify(body)}`);
  return code;
}

/** As many promises as wanted, made at once, awaited. */
export function times<T>(count: number, make: (place: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, place) => make(place)));
}

/** The sale's counters as the server shows them. */
export async function counters(url: string, { key }: TestSale): Promise<Record<"sold" | "held" | "left", number>> {
  const { body } = await ask(url, "GET", `/api/sales/${key}`);
  const { sold, held, left } = body as unknown as Record<"sold" | "held" | "left", number>;
  return { sold, held, left };
}

/** An attempt as the server shows it. */
export interface Attempt {
  readonly user_id: string;
  readonly item_id: number;
  readonly outcome: string;
  readonly at: string;
}

/** All attempts of a sale, page by page, of one outcome where it is given; each page's total must be their number. */
export async function attemptsOf(
  url: string,
  { key }: TestSale,
  { outcome, limit = 1_000 }: { outcome?: string; limit?: number } = {},
): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  const totals = new Set<unknown>();
  for (let cursor = ""; cursor !== "null";) {
    const query = [`limit=${limit}`, outcome && `outcome=${outcome}`, cursor && `cursor=${cursor}`].filter(Boolean);
    const { status, body } = await ask(url, "GET", `/api/sales/${key}/attempts?${query.join("&")}`);
    assert.equal(status, 200, JSON.stringify(body));
    attempts.push(...body.data as unknown as Attempt[]);
    totals.add(body["total"]);
    cursor = String(body.next_cursor);
  }
  assert.deepEqual([...totals], [attempts.length], "each page's total is the number of all");
  return attempts;
}
