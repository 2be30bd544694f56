/** What is answered to whoever wants many coupons made, sees how far they are, and fetches their codes? */
import assert from "node:assert/strict";
import { type BulkRequest, Fault } from "../../../src/ports/mod.ts";
import { codesOf } from "../../contracts/bulk_contract.ts";
import { answerOf, BULK, GOOD } from "../../support/bulk_requests.ts";
import { get, post, type TestEdge, withEdge } from "../../support/edge.ts";

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

Deno.test("codes.csv has the terms that are set, so that an import makes the same coupons", async () => {
  const discount = {
    kind: "discount",
    amount_off: "7.5",
    min_order: 20,
    segment: "gold, old",
    ends_at: "2030-01-01T00:00:00Z",
  };
  const cases: [Record<string, unknown>, string][] = [
    [{}, "name\r\nK-2\r\n"],
    [{ amount: 5 }, "name,amount\r\nK-2,5\r\n"],
    [{ kind: "charge", credit: 10 }, "name,kind,credit\r\nK-2,charge,10.00\r\n"],
    [
      discount,
      'name,ends_at,kind,segment,amount_off,min_order\r\nK-2,2030-01-01T00:00:00.000Z,discount,"gold, old",7.50,20.00\r\n',
    ],
  ];
  for (const [terms, file] of cases) {
    await withEdge(async (edge) => {
      await edge.fetch(post(BULK, { count: 1, pattern: "K-#", ...terms }));
      await make(edge, "K-2");
      assert.equal(await (await edge.fetch(get("/api/bulk/1/codes.csv"))).text(), file);
    });
  }
});

Deno.test("codes.csv of edited coupons has every column, and a file without a column that a coupon needs is not sent", async () => {
  await withEdge(async (edge) => {
    await edge.fetch(post(BULK, { count: 1, pattern: "K-#" }));
    await make(edge, "K-2");
    const codes = edge.bulk.codes.bind(edge.bulk);
    edge.bulk.codes = async (...asked) => {
      const { coupons, next } = await codes(...asked);
      return { coupons: coupons.map((coupon) => ({ ...coupon, amount: 4 })), next };
    };
    const refused = await edge.fetch(get("/api/bulk/1/codes.csv"));
    assert.deepEqual([refused.status, (await answerOf(refused)).code], [503, "moved"]);
    edge.bulk.areEdited = () => Promise.resolve(true);
    const text = await (await edge.fetch(get("/api/bulk/1/codes.csv"))).text();
    const columns = "amount,starts_at,ends_at,kind,segment,percent_off,amount_off,max_discount,min_order,credit";
    assert.equal(text, `name,${columns}\r\nK-2,4,,,,,,,,,\r\n`);
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
