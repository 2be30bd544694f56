/** Requests that nobody sends by accident: is each told what is wrong with it? */
import assert from "node:assert/strict";
import { get, makeEdge, post } from "../../support/edge.ts";
import { KEY, NUMBER, open } from "../../support/sale_commands.ts";

Deno.test("each odd request is a 4xx that says why", async () => {
  const edge = makeEdge();
  await edge.sales.ask(KEY, { ...open(3), number: NUMBER });
  await edge.fetch(post("/api/coupons", { name: "CT", amount: 5 }));
  const user = (user_id: string) => post("/api/coupons/claim", { user_id, coupon_name: "CT" });
  const until = "9999-12-31T23:59:59-14:00";
  const cases: [string, Request, number, string][] = [
    ["a user that no path can name", user("."), 400, "invalid_request"],
    ["another one", user(".."), 400, "invalid_request"],
    ["a year of five digits", post("/api/coupons", { name: "A", amount: 1, ends_at: until }), 400, "invalid_request"],
    ["an outcome that there is not", get(`/api/sales/${KEY}/attempts?outcome=zzz`), 400, "invalid_request"],
    ["a page twice", get("/api/coupons?page=1&page=2"), 400, "invalid_request"],
    ["a page by both its names", get("/api/sales?page=1&page_num=2"), 400, "invalid_request"],
    ["a limit twice", get("/api/coupons/CT/claims?limit=2&limit=3"), 400, "invalid_request"],
    ["a search twice", get("/api/coupons?search=a&search=b"), 400, "invalid_request"],
    ["a state that there is not", get("/api/sales?state=nope"), 400, "invalid_request"],
  ];
  for (const [name, request, status, code] of cases) {
    const response = await edge.fetch(request);
    const body = await response.json();
    assert.deepEqual([response.status, body.code], [status, code], name);
  }
  edge.close();
});
