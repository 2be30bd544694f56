/** Which answers can be had of flash sales, of checkout and of purchase? */
import assert from "node:assert/strict";
import type { Driver } from "./drive.ts";

const keyed = (key: string) => ({ headers: { "idempotency-key": key } });

/** The ids of a sale's items. */
export async function itemsOf(driver: Driver, url?: string): Promise<string[]> {
  const { body } = await driver.ask("listItems", "200", { segments: { id: "current" } }, url);
  return body.data.map(({ id }: { id: number }) => String(id));
}

/** Flash sales. */
export async function sales(driver: Driver): Promise<void> {
  const { body: sale } = await driver.ask("getSale", "200", { segments: { id: "current" } });
  const ofSale = { segments: { id: sale.id } };
  const none = { segments: { id: "2026-01-01T00Z" } };
  await driver.ask("listSales", "200", { query: { state: "open" } });
  for (const id of ["getSale", "listItems", "listAttempts", "streamSale", "editSale"]) {
    await driver.ask(id, "404 sale_not_found", none);
  }
  const [item = ""] = await itemsOf(driver);
  const ofItem = { segments: { id: sale.id, item_id: item } };
  await driver.ask("getItem", "200", ofItem);
  const { headers } = await driver.ask("getItemPicture", "200", ofItem);
  await driver.ask("getItemPicture", "304", { ...ofItem, headers: { "if-none-match": headers.get("etag")! } });
  for (const id of ["getItem", "getItemPicture"]) {
    await driver.ask(id, "404 item_not_found", { segments: { id: sale.id, item_id: "7" } });
  }
  await driver.ask("editSale", "200", { ...ofSale, body: { paused: true }, ...keyed("stop") });
  await driver.ask("editSale", "422 idempotency_key_reused", { ...ofSale, body: { paused: false }, ...keyed("stop") });
  await driver.ask("checkout", "412 paused", { query: { user_id: "a", id: item } });
  await driver.ask("editSale", "200", { ...ofSale, body: { paused: false } });
  await driver.ask("listAttempts", "200", { ...ofSale, query: { limit: 1, outcome: "paused" } });
  await stream(driver, sale.id);
}

/** Reads a stream's first event alone: it has no end. */
async function stream({ described, urls }: Driver, id: string): Promise<void> {
  const response = await fetch(described.requestOf(urls.usual, "streamSale", { segments: { id } }));
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  const text = new TextDecoder().decode(value);
  assert.match(text, /^data: \{/);
  assert.equal(described.wrongBy(["components", "schemas", "Sale"], JSON.parse(text.slice(6))), undefined);
  described.hold("streamSale", response, text);
  await reader.cancel();
}

/** Checkouts and purchases where a checkout holds its item for its user. */
export async function exclusive(driver: Driver): Promise<void> {
  const [first = "", second = "", third = ""] = await itemsOf(driver);
  const checkout = (expected: string, user_id: string, id: string, more = {}) =>
    driver.ask("checkout", expected, { query: { user_id, id }, ...more });
  const { body: { code } } = await checkout("200", "a", first, keyed("hold"));
  const query = { code };
  await checkout("422 idempotency_key_reused", "b", first, keyed("hold"));
  await checkout("404 item_not_found", "a", "7");
  await checkout("412 item_unavailable", "b", first);
  const { body: { data: [upcoming] } } = await driver.ask("listSales", "200", { query: { state: "upcoming" } });
  const { body: items } = await driver.ask("listItems", "200", { segments: { id: upcoming.id } });
  await checkout("412 sale_not_started", "a", String(items.data[0].id));
  await driver.ask("getHold", "200", { query });
  await driver.ask("voidPurchase", "404 purchase_not_found", { query });
  await driver.ask("purchase", "200", { query, ...keyed("buy") });
  await driver.ask("purchase", "409 code_used", { query });
  await driver.ask("checkout", "409 code_used", { query });
  const { body: other } = await checkout("200", "a", second);
  await checkout("429 limit_reached", "a", third);
  await driver.ask("checkout", "200", { query: { code: other.code } });
  await driver.ask("purchase", "422 idempotency_key_reused", { query: { code: other.code }, ...keyed("buy") });
  await driver.ask("releaseHold", "404 hold_not_live", { query });
  const { body: given } = await checkout("200", "b", third);
  await driver.ask("releaseHold", "200", { query: { code: given.code }, ...keyed("release") });
  await driver.ask("voidPurchase", "200", { query, ...keyed("void") });
  await driver.ask("voidPurchase", "422 idempotency_key_reused", { query: { code: other.code }, ...keyed("void") });
  await driver.ask("releaseHold", "422 idempotency_key_reused", { query: { code: other.code }, ...keyed("release") });
  const unknown = { query: { code: `${code.slice(0, 15)}${"A".repeat(22)}` } };
  for (const id of ["checkout", "purchase", "getHold", "releaseHold", "voidPurchase"]) {
    await driver.ask(id, "404 code_unknown", unknown);
    await driver.ask(id, "400 invalid_request");
  }
}

/** What only checkouts that hold nothing, or nothing for long, come to. */
export async function others(driver: Driver): Promise<void> {
  const { open, hasty } = driver.urls;
  for (const buy of ["checkout", "purchase"]) {
    const [item = "", another = ""] = (await itemsOf(driver, open)).slice(buy === "checkout" ? 0 : 2);
    const codes = [];
    for (const [user_id, id] of [["a", item], ["b", item], ["a", another]] as const) {
      const query = { user_id: user_id + buy, id };
      codes.push((await driver.ask("checkout", "200", { query }, open)).body.code);
    }
    await driver.ask(buy, "200", { query: { code: codes[0] } }, open);
    await driver.ask(buy, "410 sold_to_another", { query: { code: codes[1] } }, open);
    const { body: shown } = await driver.ask("getHold", "200", { query: { code: codes[1] } }, open);
    assert.equal(shown.state, "sold_to_another");
    await driver.ask(buy, "429 limit_reached", { query: { code: codes[2] } }, open);
    const [last = ""] = await itemsOf(driver, hasty);
    const { body } = await driver.ask("checkout", "200", { query: { user_id: buy, id: last } }, hasty);
    await driver.ask(buy, "404 code_expired", { query: { code: body.code } }, hasty);
  }
}
