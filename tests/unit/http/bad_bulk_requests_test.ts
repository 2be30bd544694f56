/** Which requests for bulk jobs are refused, and what are they told? */
import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { answerOf, BULK, GOOD } from "../../support/bulk_requests.ts";
import { get, post, withEdge } from "../../support/edge.ts";

for (
  const [what, body] of [
    ["no count", { pattern: "####" }],
    ["a count of 0", { ...GOOD, count: 0 }],
    ["a count beyond a million", { ...GOOD, count: 1_000_001 }],
    ["half a count", { ...GOOD, count: 1.5 }],
    ["a count as text", { ...GOOD, count: "5" }],
    ["neither pattern nor unguessable", { count: 5 }],
    ["both of them", { ...GOOD, unguessable: true }],
    ["unguessable: false", { count: 5, unguessable: false }],
    ["unguessable by text", { count: 5, unguessable: "yes" }],
    ["a pattern that is no text", { count: 5, pattern: 7 }],
    ["no pattern but null", { count: 5, pattern: null }],
    ["an empty pattern", { count: 5, pattern: "" }],
    ["a pattern without a place", { count: 1, pattern: "SPRING" }],
    ["a pattern with a slash", { count: 1, pattern: "SPRING/####" }],
    ["a pattern with a fullwidth slash", { count: 1, pattern: "SPRING／####" }],
    ["a pattern with a control character", { count: 1, pattern: "A\u0000####" }],
    ["a pattern that is ill-formed", '{"count":1,"pattern":"\\ud800####"}'],
    ["a pattern that ends in an escape", { count: 1, pattern: "####\\" }],
    ["a pattern of 256 places", { count: 1, pattern: "#".repeat(256) }],
    ["more than half of the codes", { count: 5, pattern: "#" }],
    ["a name", { ...GOOD, name: "A" }],
    ["a misspelt field", { ...GOOD, ammount: 2 }],
    ["an amount of 0", { ...GOOD, amount: 0 }],
    ["a null amount", { ...GOOD, amount: null }],
    ["a wrong time", { ...GOOD, starts_at: "tomorrow" }],
    ["an end before the start", { ...GOOD, starts_at: "2026-11-22T00:00:00Z", ends_at: "2026-11-21T00:00:00Z" }],
    ["an array", [GOOD]],
    ["no JSON", "{"],
  ] as const
) {
  Deno.test(`POST of a job with ${what} is 400, and nothing is added`, async () => {
    await withEdge(async (edge) => {
      const response = await edge.fetch(post(BULK, body));
      const { code, detail } = await answerOf(response);
      assert.deepEqual([response.status, code, typeof detail], [400, "invalid_request", "string"]);
      assert.equal((await edge.bulk.jobs(0, 1)).total, 0);
    });
  });
}

Deno.test("POST of a job that wants too many of its pattern's codes is told how many it may want", async () => {
  await withEdge(async (edge) => {
    const { detail } = await answerOf(await edge.fetch(post(BULK, { count: 33, pattern: "##" })));
    assert.match(detail, /^count must be at most 32, half of the codes/);
    assert.equal((await edge.fetch(post(BULK, { count: 32, pattern: "##" }))).status, 202);
  });
});

for (
  const [method, path, status, code] of [
    ["GET", "/api/bulk/2", 404, "bulk_not_found"],
    ["GET", "/api/bulk/0", 404, "bulk_not_found"],
    ["GET", "/api/bulk/01", 404, "bulk_not_found"],
    ["GET", "/api/bulk/x", 404, "bulk_not_found"],
    ["GET", "/api/bulk/99999999999", 404, "bulk_not_found"],
    ["GET", "/api/bulk/4294967297", 404, "bulk_not_found"],
    ["GET", "/api/bulk/2/codes.csv", 404, "bulk_not_found"],
    ["DELETE", "/api/bulk/2", 404, "bulk_not_found"],
    ["GET", "/api/bulk?page=0", 400, "invalid_request"],
    ["GET", "/api/bulk?per_page=101", 400, "invalid_request"],
    ["POST", "/api/bulk", 405, "method_not_allowed"],
    ["PATCH", "/api/bulk/1", 405, "method_not_allowed"],
    ["DELETE", "/api/bulk/1/codes.csv", 405, "method_not_allowed"],
  ] as const
) {
  Deno.test(`${method} ${path} is ${status} ${code}`, async () => {
    await withEdge(async (edge) => {
      await edge.fetch(post(BULK, GOOD));
      const response = await edge.fetch(get(path, method));
      assert.deepEqual([response.status, (await answerOf(response)).code], [status, code]);
    });
  });
}

Deno.test("a key that is none, and a body that is no JSON by its type, are refused as elsewhere", async () => {
  await withEdge(async (edge) => {
    const badKey = await edge.fetch(post(BULK, GOOD, { "idempotency-key": "a b" }));
    assert.deepEqual([badKey.status, (await answerOf(badKey)).code], [400, "invalid_idempotency_key"]);
    const badType = await edge.fetch(post(BULK, GOOD, { "content-type": "text/csv" }));
    assert.equal(badType.status, 415);
  });
});

Deno.test("trouble of storage is 503 on every route of jobs", async () => {
  await withEdge(async (edge) => {
    edge.bulk.failure = new Fault("storage_unavailable", "as the test wants it");
    const requests = [
      post(BULK, GOOD),
      get("/api/bulk"),
      get("/api/bulk/1"),
      get("/api/bulk/1/codes.csv"),
      get("/api/bulk/1", "DELETE"),
    ];
    for (const request of requests) {
      const response = await edge.fetch(request);
      assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"], request.url);
      assert.doesNotMatch(await response.text(), /as the test wants/);
    }
  });
});
