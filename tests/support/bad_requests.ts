/** Is a request refused as a malformed one must be? */
import assert from "node:assert/strict";
import { makeEdge, post } from "./edge.ts";

/** A request, and what it must be told. */
export type BadRequestCase = readonly [what: string, request: () => Request, status: number, code: string];

/** Registers a test that each request is refused, at a node that has the coupon `promo`, and changes nothing. */
export function assertRefused(what: string, cases: readonly BadRequestCase[]): void {
  Deno.test(`${what} is a 4xx problem with its code, leaks nothing and stores nothing`, async (t) => {
    const edge = makeEdge();
    const made = await edge.fetch(post("/api/coupons", { name: "promo", amount: 5 }));
    assert.equal(made.status, 201);
    await made.body?.cancel();
    for (const [one, request, status, code] of cases) {
      await t.step(one, async () => {
        const response = await edge.fetch(request());
        const text = await response.text();
        assert.deepEqual([response.status, JSON.parse(text).code], [status, code], text);
        assert.equal(response.headers.get("content-type"), "application/problem+json");
        assert.equal(JSON.parse(text).status, status);
        assert(!/node_modules|src\/|at \w+ \(|SyntaxError|TypeError|postgres|select /i.test(text), text);
        assert(response.headers.get("x-request-id"));
        assert.equal(response.headers.has("allow"), status === 405);
      });
    }
    assert.deepEqual(edge.failures, []);
    assert.deepEqual([...edge.store.rows.byKey.keys()], ["promo"]);
    assert.equal(edge.store.rows.byKey.get("promo")!.events.length, 1);
    edge.close();
  });
}
