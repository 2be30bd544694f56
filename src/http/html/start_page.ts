/**
 * The root of a node. Browsers get a small page: what this is, the current sale, and links. Other clients get the links as
 * JSON.
 */
import { parseAccept } from "hono/utils/accept";
import type { SaleSummary, SaleViews } from "../../ports/mod.ts";
import { answer, type Answered } from "../answers/answer.ts";
import { INFO } from "../openapi/front.ts";
import { PAGE_HEAD } from "./page_style.ts";
import { ERRORS_PATH } from "../answers/problem_table.ts";
import { headersOf } from "../requests/request_id.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { PAGE_POLICY } from "../answers/secure_headers.ts";

const { title, summary } = INFO;

const LINKS = {
  docs: "/docs",
  openapi: "/openapi.json",
  errors: ERRORS_PATH,
  health: "/health",
  ready: "/readyz",
  current_sale: "/api/sales/current",
  items: "/api/sales/current/items",
  sales: "/api/sales",
  coupons: "/api/coupons",
} as const;

const JSON_TEXT = JSON.stringify({ name: title, description: summary, links: LINKS });

/** Whether a client prefers HTML: it accepts HTML, or any text, with a quality no lower than JSON's. */
export function prefersHtml(accept: string | null): boolean {
  if (accept === null) return false;
  const ranges = parseAccept(accept).map(({ type, q }) => ({ type: type.toLowerCase(), q }));
  /** By the most specific range that matches the type. */
  const qualityOf = (...types: string[]) =>
    types.map((type) => ranges.find((range) => range.type === type)).find((range) => range !== undefined)?.q ?? 0;
  const html = qualityOf("text/html", "text/*");
  return html > 0 && html >= qualityOf("application/json", "application/*", "*/*");
}

export class StartPage {
  constructor(readonly views: Pick<SaleViews, "sale" | "current">) {}

  async show({ request, id }: RoutedRequest): Promise<Answered> {
    const isPage = prefersHtml(request.headers.get("accept"));
    const answered = isPage ? await this.#page(id) : answer(200, id, JSON_TEXT);
    answered.response.headers.set("vary", "Accept");
    return answered;
  }

  async #page(id: RoutedRequest["id"]): Promise<Answered> {
    const html = pageOf(await this.#saleText());
    const headers = { ...headersOf(id, "text/html; charset=utf-8"), "content-security-policy": PAGE_POLICY };
    return { response: new Response(html, { headers }), code: undefined, error: undefined };
  }

  /** If the database does not respond, the page says so. */
  async #saleText(): Promise<string> {
    try {
      const sale = await this.views.sale(this.views.current());
      return sale === undefined ? "<p>There is no sale in this hour.</p>" : saleText(sale);
    } catch {
      return "<p>The current sale cannot be read at the moment.</p>";
    }
  }
}

const count = (value: number) => value.toLocaleString("en-US");
const hour = (ms: number) => new Date(ms).toISOString().slice(11, 16);

const STATES: Readonly<Record<SaleSummary["phase"], string>> = {
  upcoming: "not open yet",
  open: "open",
  sold_out: "sold out",
  over: "over",
};

function saleText({ key, startsAt, endsAt, items, sold, held, phase, paused }: SaleSummary): string {
  return `<p><strong>${key}</strong>, from ${hour(startsAt)} to ${hour(endsAt)} UTC:
${paused && phase === "open" ? "paused" : STATES[phase]}.</p>
<dl>
<div><dt>Items</dt><dd>${count(items)}</dd></div>
<div><dt>Sold</dt><dd>${count(sold)}</dd></div>
<div><dt>Held</dt><dd>${count(held)}</dd></div>
<div><dt>Left</dt><dd>${count(items - sold - held)}</dd></div>
</dl>
<p><a href="${LINKS.items}?state=available&amp;limit=20">Items that are left</a></p>`;
}

function pageOf(sale: string): string {
  return `<!doctype html>
<html lang="en">
<head>
${PAGE_HEAD}
<title>${title}</title>
</head>
<body>
<h1>${title}</h1>
<p>${summary} An answer of success is on disk before it leaves, and nothing is handed out twice.</p>
<div class="card">
<h2>The current sale</h2>
${sale}
</div>
<div class="card">
<h2>Where to go next</h2>
<ul>
<li><a href="${LINKS.docs}">All requests</a>, to read and to try (<a href="${LINKS.openapi}">OpenAPI</a>)</li>
<li><a href="${LINKS.errors}">What each error means</a></li>
<li>Health of this node: <a href="${LINKS.health}">alive</a>, <a href="${LINKS.ready}">ready</a></li>
</ul>
</div>
</body>
</html>
`;
}
