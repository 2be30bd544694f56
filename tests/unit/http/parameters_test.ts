/** Are the bounds and values that the document says of parameters those that the edge keeps? */
import assert from "node:assert/strict";
import { makeDocument } from "../../../src/http/openapi/document.ts";
import { ROUTES } from "../../../src/http/routes/mod.ts";
import { type Any, Described } from "../../support/described.ts";
import { makeEdge } from "../../support/edge.ts";
import { KEY, open } from "../../support/sale_commands.ts";
import { post } from "../../support/edge.ts";

/** Values of a parameter by its schema: allowed ones, and some that are not. */
function valuesOf({ minimum, maximum, maxLength, enum: values }: Any): { good: unknown[]; bad: unknown[] } {
  if (values !== undefined) return { good: values, bad: ["", "x", String(values[0]).toUpperCase()] };
  if (minimum !== undefined) return { good: [minimum, maximum], bad: [minimum - 1, maximum + 1, "", "x", "1.5"] };
  if (maxLength !== undefined) return { good: ["x".repeat(maxLength)], bad: ["x".repeat(maxLength + 1)] };
  return { good: [], bad: [] };
}

Deno.test("each bound that the document says of a query's parameter is kept, and no narrower one", async () => {
  const edge = makeEdge();
  const described = new Described(makeDocument(ROUTES));
  const segments = { name: "promo", id: KEY, user_id: "user_1", job_id: "1" };
  let count = 0;
  try {
    await edge.sales.ask(KEY, open(5));
    await (await edge.fetch(post("/api/coupons", { name: "promo", amount: 5 }))).body?.cancel();
    await edge.users.register(["user_1"]);
    for (const { id, method, entry } of described.operations) {
      const query = (entry.parameters ?? []).filter((parameter: Any) => parameter.in === "query");
      if (method !== "get" || query.some(({ required }: Any) => required)) continue;
      for (const { name, schema } of query) {
        const { good, bad } = valuesOf(schema);
        for (const [isGood, value] of [...good.map((it) => [true, it]), ...bad.map((it) => [false, it])]) {
          count++;
          const request = described.requestOf("http://127.0.0.1", id, { segments, query: { [name]: value as string } });
          const response = await edge.fetch(request);
          const text = await response.text();
          assert.equal(response.status, isGood ? 200 : 400, `${request.url}: ${text}`);
          described.hold(id, response, text);
        }
      }
    }
    assert(count > 50, String(count));
  } finally {
    edge.close();
  }
});

/** Requests of the systems before this one, and those of browsers, probes and scrapers. */
const TAKES_ANY =
  /^(?:POST \/(?:checkout|purchase|users|api\/coupons|api\/coupons\/claim)$|GET \/(?:health|livez|readyz|metrics|docs|favicon|openapi|segments)|GET \/$|GET \/api\/(?:health|coupons\/[^/]+$)|\w+ \/api\/users\/register$|GET .*\.svg$)/;

Deno.test("a parameter that a route does not know is refused and named, but on those that take any", async () => {
  const edge = makeEdge();
  const described = new Described(makeDocument(ROUTES));
  const segments = { name: "promo", id: KEY, user_id: "user_1", job_id: "1" };
  const strict: string[] = [];
  const lenient: string[] = [];
  try {
    for (const { method, path } of ROUTES) {
      const target = path.replace(/:\w+/g, (name) => name === ":sale" ? KEY : name === ":user" ? "user_1" : "1");
      const response = await edge.fetch(new Request(`http://127.0.0.1${target}?limitt=5`, { method }));
      const text = await response.text();
      const isUnknown = text.includes('Unknown query parameter \\"limitt\\"') && text.includes('"param":"limitt"');
      (isUnknown ? strict : lenient).push(`${method} ${path}`);
      if (isUnknown) assert.equal(response.status, 400);
    }
    assert.deepEqual(lenient.filter((route) => !TAKES_ANY.test(route)), []);
    assert.deepEqual(strict.filter((route) => TAKES_ANY.test(route)), []);
    assert(strict.length > 20, String(strict.length));
    const asked = described.requestOf("http://127.0.0.1", "listCoupons", { segments, query: { serch: "x" } });
    const { detail } = await (await edge.fetch(asked)).json();
    assert.match(
      detail,
      /^Unknown query parameter "serch"; allowed parameters are search, page, per_page, page_num, page_size$/,
    );
  } finally {
    edge.close();
  }
});
