import assert from "node:assert/strict";
import { type BulkRequest, Fault } from "../../src/actors/ports.ts";
import { codesOf } from "../contracts/bulk_contract.ts";
import { get, makeEdge, post, type TestEdge } from "../support/edge.ts";

const BULK = "/api/coupons/bulk";
const GOOD = { count: 5, pattern: "SPRING-####-????" };

async function withEdge(body: (edge: TestEdge) => Promise<void>): Promise<void> {
  const edge = makeEdge();
  try {
    await body(edge);
  } finally {
    edge.close();
  }
}

// deno-lint-ignore no-explicit-any -- answers are looked at field by field
async function answerOf(response: Response): Promise<any> {
  return await response.json();
}

/** Makes coupons of the first job that runs. */
async function make(edge: TestEdge, ...names: string[]): Promise<void> {
  const [job] = await edge.bulk.lease("a test");
  await edge.bulk.make(job!, codesOf(...names));
}

Deno.test("POST of a job answers 202 at once, with the job and where it is to be looked after", async () => {
  await withEdge(async (edge) => {
    const body = { ...GOOD, amount: 3, ends_at: "2026-12-01T00:00:00Z" };
    const response = await edge.fetch(post(BULK, body));
    assert.equal(response.status, 202);
    assert.equal(response.headers.get("location"), "/api/bulk/1");
    const job = {
      id: 1,
      kind: "plain",
      state: "running",
      count: 5,
      made: 0,
      pattern: "SPRING-####-????",
      amount: 3,
      starts_at: null,
      ends_at: "2026-12-01T00:00:00.000Z",
      created_at: "2026-11-21T14:00:00.000Z",
      finished_at: null,
      seconds: 0,
    };
    assert.deepEqual(await answerOf(response), job);
    await make(edge, "SPRING-2222-AAAA", "SPRING-2222-CCCC");
    await edge.clock.advance(1_500);
    const shown = await answerOf(await edge.fetch(get("/api/bulk/1")));
    assert.deepEqual(shown, { ...job, made: 2, seconds: 1.5 });
  });
});

Deno.test("a job of unguessable codes has no pattern; amount is 1 where none is said", async () => {
  await withEdge(async (edge) => {
    const { unguessable, pattern, amount } = await answerOf(
      await edge.fetch(post(BULK, { count: 1_000_000, unguessable: true })),
    );
    assert.deepEqual([unguessable, pattern, amount], [true, undefined, 1]);
  });
});

Deno.test("the same Idempotency-Key gives the same job as it stands, for another request 422", async () => {
  await withEdge(async (edge) => {
    const key = { "idempotency-key": "k-1" };
    await edge.fetch(post(BULK, GOOD, key));
    await make(edge, "SPRING-2222-AAAA");
    const again = await edge.fetch(post(BULK, { pattern: GOOD.pattern, amount: 1, count: 5 }, key));
    const { id, made } = await answerOf(again);
    assert.deepEqual([again.status, id, made], [202, 1, 1]);
    const other = await edge.fetch(post(BULK, { ...GOOD, count: 6 }, key));
    assert.deepEqual([other.status, (await answerOf(other)).code], [422, "idempotency_key_reused"]);
    assert.equal((await answerOf(await edge.fetch(post(BULK, GOOD)))).id, 2, "without a key it is another");
  });
});

Deno.test("jobs are listed by pages, the newest first", async () => {
  await withEdge(async (edge) => {
    for (const count of [1, 2, 3]) await edge.fetch(post(BULK, { ...GOOD, count }));
    const { data, meta } = await answerOf(await edge.fetch(get("/api/bulk?page=2&per_page=2")));
    assert.deepEqual(data.map(({ count }: { count: number }) => count), [1]);
    assert.deepEqual(meta, { page: 2, per_page: 2, page_count: 2, total: 3 });
  });
});

Deno.test("DELETE cancels a job that runs, again and again; one that has ended is 409", async () => {
  await withEdge(async (edge) => {
    for (let job = 0; job < 2; job++) await edge.fetch(post(BULK, { ...GOOD, count: 1 }));
    for (let time = 0; time < 2; time++) {
      const response = await edge.fetch(get("/api/bulk/1", "DELETE"));
      assert.deepEqual([response.status, (await answerOf(response)).state], [200, "cancelled"]);
    }
    await make(edge, "SPRING-2222-AAAA");
    const done = await edge.fetch(get("/api/bulk/2", "DELETE"));
    assert.deepEqual([done.status, (await answerOf(done)).code], [409, "bulk_finished"]);
  });
});

Deno.test("codes.csv has each code of the job once, over however many pages, when it has ended", async () => {
  await withEdge(async (edge) => {
    const names = Array.from({ length: 12_000 }, (_, place) => `P-${place}`);
    await edge.fetch(post(BULK, { count: names.length, pattern: "P-?????" }));
    await make(edge, ...names.slice(0, 7_000));
    const early = await edge.fetch(get("/api/bulk/1/codes.csv"));
    const { code, detail } = await answerOf(early);
    assert.deepEqual([early.status, code, detail], [409, "bulk_running", "7000 of 12000 are made"]);
    await make(edge, ...names.slice(7_000));
    const response = await edge.fetch(get("/api/bulk/1/codes.csv"));
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/csv; charset=utf-8; header=present");
    assert.match(response.headers.get("content-disposition")!, /^attachment; filename="bulk-1\.csv"/);
    assert.equal(await response.text(), ["name", ...names].map((name) => name + "\r\n").join(""));
    const head = await edge.fetch(get("/api/bulk/1/codes.csv", "HEAD"));
    assert.deepEqual([head.status, await head.text()], [200, ""]);
  });
});

Deno.test("codes.csv of a job that was cancelled says by its name that it is not all", async () => {
  await withEdge(async (edge) => {
    await edge.fetch(post(BULK, { count: 3, pattern: 'a,"b" ###' }));
    await make(edge, 'a,"b" 222');
    await edge.fetch(get("/api/bulk/1", "DELETE"));
    const response = await edge.fetch(get("/api/bulk/1/codes.csv"));
    assert.match(response.headers.get("content-disposition")!, /bulk-1-incomplete\.csv/);
    assert.equal(await response.text(), 'name\r\n"a,""b"" 222"\r\n');
  });
});

Deno.test("codes.csv is broken off, not ended, where a page cannot be read", async () => {
  await withEdge(async (edge) => {
    const names = Array.from({ length: 12_000 }, (_, place) => `P-${place}`);
    await edge.fetch(post(BULK, { count: names.length, pattern: "P-?????" }));
    await make(edge, ...names);
    const codes = edge.bulk.codes.bind(edge.bulk);
    const fault = new Fault("storage_unavailable", "as the test wants it");
    edge.bulk.codes = (id, from, limit) => from > 0 ? Promise.reject(fault) : codes(id, from, limit);
    const response = await edge.fetch(get("/api/bulk/1/codes.csv"));
    await assert.rejects(response.text(), fault);
  });
});

Deno.test("a coupon may be called bulk, and is what GET of its name shows", async () => {
  await withEdge(async (edge) => {
    assert.equal((await edge.fetch(post("/api/coupons", { name: "bulk", amount: 7 }))).status, 201);
    await edge.fetch(post(BULK, GOOD));
    assert.equal((await answerOf(await edge.fetch(get(BULK)))).amount, 7);
    const edited = await edge.fetch(post(BULK, { amount: 8 }, {}, "PATCH"));
    assert.equal((await answerOf(edited)).amount, 8);
  });
});

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

Deno.test("what is asked for reaches the jobs as checked terms, the names being the pattern's", async () => {
  await withEdge(async (edge) => {
    let added: BulkRequest | undefined;
    const add = edge.bulk.add.bind(edge.bulk);
    edge.bulk.add = (request) => add(added = request);
    await edge.fetch(post(BULK, { ...GOOD, starts_at: "2026-11-21T14:00:00Z" }));
    const { id: _, ...rest } = added!;
    const terms = { amount: 1, startsAt: Date.UTC(2026, 10, 21, 14), endsAt: null };
    assert.deepEqual(rest, { count: 5, pattern: "SPRING-####-????", terms });
  });
});
