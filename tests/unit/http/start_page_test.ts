/** Does the root of a node lead on, whoever asks? */
import assert from "node:assert/strict";
import { HOUR_MS } from "../../../src/domain/sale_ids.ts";
import { PAGE_POLICY } from "../../../src/http/answers/secure_headers.ts";
import { prefersHtml, StartPage } from "../../../src/http/html/start_page.ts";
import { get, test, type TestEdge } from "../../support/edge.ts";
import { checkout, editSale, KEY, open } from "../../support/sale_commands.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

async function pageOf(edge: TestEdge): Promise<string> {
  const response = await edge.fetch(get("/", "GET", { accept: BROWSER }));
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/html; charset=utf-8"]);
  assert.equal(response.headers.get("content-security-policy"), PAGE_POLICY);
  assert.equal(response.headers.get("vary"), "Accept");
  assert.equal(response.headers.get("cache-control"), "no-store", "its counters are true of one moment");
  return (await response.text()).replaceAll("\n", " ");
}

test("a browser gets a page that shows the current sale and leads to what there is", async (edge) => {
  assert.match(await pageOf(edge), /There is no sale in this hour/);
  await edge.sales.ask(KEY, open(1_234));
  for (const n of [1, 2]) await edge.sales.ask(KEY, checkout("u", n));
  const page = await pageOf(edge);
  assert.match(page, /2026-11-21T14Z<\/strong>, from 14:00 to 15:00 UTC: open\./);
  for (const [name, value] of [["Items", "1,234"], ["Sold", "0"], ["Held", "2"], ["Left", "1,232"]] as const) {
    assert(page.includes(`<dt>${name}</dt><dd>${value}</dd>`), name);
  }
  assert(!/<script|style=|<style|undefined|NaN/.test(page), "nothing inline, which the policy would bar");
  const links = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link!.replaceAll("&amp;", "&"));
  for (const wanted of ["/docs", "/openapi.json", "/docs/errors", "/health", "/readyz"]) assert(links.includes(wanted));
  for (const link of links) {
    const response = await edge.fetch(get(link));
    assert.equal(response.status, 200, link);
    await response.body?.cancel();
  }
  await edge.sales.ask(KEY, editSale({ paused: true }));
  assert.match(await pageOf(edge), /UTC: paused\./);
  edge.clock.epoch += HOUR_MS;
  assert.match(await pageOf(edge), /There is no sale in this hour/);
});

test("others get the same links as JSON, and HEAD tells of either", async (edge) => {
  await edge.sales.ask(KEY, open(3));
  const response = await edge.fetch(get("/"));
  assert.deepEqual([response.status, response.headers.get("content-type")], [200, "application/json"]);
  assert.equal(response.headers.get("vary"), "Accept");
  const { name, links } = await response.json();
  assert.equal(name, "Doorbuster");
  for (const link of Object.values<string>(links)) {
    const answer = await edge.fetch(get(link));
    assert.equal(answer.status, 200, link);
    await answer.body?.cancel();
  }
  for (const [accept, type] of [[BROWSER, "text/html; charset=utf-8"], ["*/*", "application/json"]] as const) {
    const head = await edge.fetch(get("/", "HEAD", { accept }));
    assert.deepEqual([head.status, head.headers.get("content-type"), await head.text()], [200, type, ""]);
  }
  assert.equal((await edge.fetch(get("/", "POST"))).status, 405);
});

Deno.test("the page is there while the database does not answer", async () => {
  const down = () => Promise.reject(new Error("Postgres is silent"));
  const page = new StartPage({ current: () => 1, sale: down });
  const request = get("/", "GET", { accept: BROWSER });
  const routed = { request, id: { id: "a", echoed: false } } as unknown as Parameters<StartPage["show"]>[0];
  const { response } = await page.show(routed);
  assert.equal(response.status, 200);
  assert.match(await response.text(), /cannot be read/);
});

Deno.test("prefersHtml() is for whoever names HTML and likes nothing better", () => {
  const cases: [accept: string | null, boolean][] = [
    [null, false],
    ["", false],
    ["*/*", false],
    ["application/*", false],
    ["application/json", false],
    ["application/json, text/plain, */*", false],
    ["image/avif,image/webp,*/*", false],
    ["text/html;q=0", false],
    ["text/html;q=0.1, application/json", false],
    ["text/html;q=0.5, */*", false],
    ["application/xhtml+xml", false],
    [BROWSER, true],
    ["text/html", true],
    ["TEXT/HTML", true],
    ["text/*", true],
    ["text/html, application/json", true],
    ["application/json;q=0.5, text/html;q=0.6", true],
    ["text/html;q=0.5, application/json;q=0, */*", true],
    ["text/html;level=1;q=.4, */*;q=0.1", true],
  ];
  for (const [accept, expected] of cases) assert.equal(prefersHtml(accept), expected, String(accept));
});
