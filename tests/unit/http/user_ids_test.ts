/** Is a user's id with white space at either end refused on every route, and never taken for the id without it? */
import assert from "node:assert/strict";
import { ROUTES } from "../../../src/http/routes/mod.ts";
import { assertRefused, type BadRequestCase as Case } from "../../support/bad_requests.ts";
import { get, post, test } from "../../support/edge.ts";

const INVALID = [400, "invalid_request"] as const;
const BAD_IDS = [" u", "u ", "\tu", "u\n", "\u00a0u", "u\u3000", "\ufeffu", "u\ufeff", "u\u2028", " ", "\t"];

const IN_BODIES = BAD_IDS.flatMap((id): Case[] => [
  [
    `a claim by ${JSON.stringify(id)}`,
    () => post("/api/coupons/claim", { user_id: id, coupon_name: "promo" }),
    ...INVALID,
  ],
  [
    `validate ${JSON.stringify(id)}`,
    () => post("/api/coupons/validate", { user_id: id, coupon_name: "promo" }),
    ...INVALID,
  ],
  [`a member ${JSON.stringify(id)}`, () => post("/users", { ID: id, segment: "s", expiredSegment: 4e9 }), ...INVALID],
  [
    `a checkout by ${JSON.stringify(id)}`,
    () => get(`/checkout?id=1&user_id=${encodeURIComponent(id)}`, "POST"),
    ...INVALID,
  ],
]);

assertRefused("a user's id with white space at either end, in a body or a query", IN_BODIES);

test("every route whose path names a user refuses white space at either end of the id", async (edge) => {
  const routes = ROUTES.filter(({ path }) => path.includes(":user"));
  assert(routes.length >= 7, String(routes.length));
  for (const { method, path } of routes) {
    for (const id of BAD_IDS) {
      const asked = path.replace(":user", encodeURIComponent(id)).replace(":name", "promo");
      const response = await edge.fetch(get(asked, method));
      const { code, detail } = await response.json();
      assert.deepEqual([response.status, code], INVALID, `${method} ${asked}`);
      assert.match(detail, /user_id must be .* without white space at either end/);
    }
  }
});
