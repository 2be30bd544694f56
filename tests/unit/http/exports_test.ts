import assert from "node:assert/strict";
import { CsvStreams } from "../../../src/http/answers/csv_streams.ts";
import { get, post, test } from "../../support/edge.ts";
import { until } from "../../support/until.ts";

const ID = { id: "r", echoed: false };
const NOW_H = Date.UTC(2026, 10, 21, 14) / 3_600_000;

/** A file of so many pages of one line, and what became of it. */
function makeFile(pageCount: number) {
  const seen = { pages: 0, ended: false };
  async function* pages() {
    try {
      for (; seen.pages < pageCount; seen.pages++) {
        await undefined;
        yield [[seen.pages]];
      }
    } finally {
      seen.ended = true;
    }
  }
  return { seen, file: { name: "f", columns: ["n"], pages: pages() } };
}

function openFile(streams: CsvStreams, { file }: ReturnType<typeof makeFile>) {
  return streams.open(file, get("/f.csv"), ID);
}

test("the files of claims, purchases and wallets have a header and safe cells", async (edge) => {
  await edge.fetch(post("/api/coupons", { name: "=SUM(A1)", amount: 3 }));
  for (const user_id of ["-1", 'a,"b']) {
    await edge.fetch(post("/api/coupons/claim", { user_id, coupon_name: "=SUM(A1)" }));
  }
  edge.users.entries.push(
    { userId: "@ann", couponName: "C", claimId: "id-1", isVoid: false, amount: "7.50", at: 0 },
    { userId: "@ann", couponName: "C", claimId: "id-1", isVoid: true, amount: "-7.50", at: 1_000 },
  );
  edge.users.purchased.push({ userId: "+1", number: NOW_H, n: 3, code: "A".repeat(22), purchasedAt: 0 });
  const files: [string, string, RegExp][] = [
    [
      "/api/coupons/%3Dsum(a1)/claims.csv",
      `attachment; filename="claims-_SUM_A1_.csv"; filename*=UTF-8''claims-%3DSUM%28A1%29.csv`,
      /^coupon_name,claim_id,user_id,claimed_at\r\n'=SUM\(A1\),[\da-f-]{36},'-1,[^,]*Z\r\n'=SUM\(A1\),[^,]*,"a,""b",.*\r\n$/,
    ],
    [
      "/api/users/%40ann/wallet.csv",
      `attachment; filename="wallet-_ann.csv"; filename*=UTF-8''wallet-%40ann.csv`,
      /^user_id,coupon_name,claim_id,kind,amount,at\r\n'@ann,C,id-1,credit,7.50,.*Z\r\n'@ann,C,id-1,void,-7.50,.*Z\r\n$/,
    ],
    ["/api/wallets.csv", `attachment; filename="wallets.csv"; filename*=UTF-8''wallets.csv`, /,void,-7.50,/],
    [
      "/api/purchases.csv",
      `attachment; filename="purchases.csv"; filename*=UTF-8''purchases.csv`,
      /^sale,item_id,item_name,user_id,code,purchased_at\r\n2026-11-21T14Z,\d+3,[^,]+,'\+1,2026-11-21T14Z\.A{22},1970.*Z\r\n$/,
    ],
    [
      "/api/claims.csv",
      `attachment; filename="claims.csv"; filename*=UTF-8''claims.csv`,
      /^coupon_name,claim_id,user_id,claimed_at\r\n$/,
    ],
  ];
  for (const [path, disposition, wanted] of files) {
    const response = await edge.fetch(get(path));
    assert.equal(response.status, 200, path);
    assert.match(response.headers.get("content-type")!, /^text\/csv; charset=utf-8/);
    assert.equal(response.headers.get("content-disposition"), disposition);
    assert.match(await response.text(), wanted);
  }
  assert.equal(edge.files.count, 0);
});

test("a file of what is not there is 404, and HEAD opens none", async (edge) => {
  const missing: [string, string][] = [
    ["/api/coupons/none/claims.csv", "coupon_not_found"],
    ["/api/sales/2026-11-21T14Z/purchases.csv", "sale_not_found"],
    ["/api/sales/x/purchases.csv", "sale_not_found"],
    ["/api/users/none/wallet.csv", "user_not_found"],
  ];
  for (const [path, code] of missing) {
    const response = await edge.fetch(get(path));
    assert.deepEqual([response.status, (await response.json()).code], [404, code], path);
  }
  const head = await edge.fetch(get("/api/claims.csv", "HEAD"));
  assert.deepEqual([head.status, await head.text(), edge.files.count], [200, "", 0]);
});

test("a file has all lines of many pages", async (edge) => {
  for (let claim = 0; claim < 5_001; claim++) {
    edge.users.claimed.push({ userId: `u${claim}`, couponName: "C", claimId: "id", claimedAt: 0 });
  }
  const lines = (await (await edge.fetch(get("/api/claims.csv"))).text()).split("\r\n");
  assert.equal(lines.length, 5_003);
  assert.deepEqual(lines.slice(1, -1).map((line) => line.split(",")[2]), edge.users.claimed.map((one) => one.userId));
});

Deno.test("open() reads a page when the client has taken the one before, and none once it has left", async () => {
  const streams = new CsvStreams();
  const made = makeFile(1_000);
  const { response } = await openFile(streams, made);
  const reader = response.body!.getReader();
  await reader.read();
  await reader.read();
  assert(made.seen.pages <= 3, `${made.seen.pages} pages`);
  assert.equal(streams.count, 1);
  await reader.cancel();
  assert.equal(made.seen.ended, true);
  assert(made.seen.pages <= 3);
  assert.equal(streams.count, 0);
});

Deno.test("open() fails the stream where a later page cannot be read, and throws where the first one cannot", async () => {
  const streams = new CsvStreams();
  async function* failing(pages: number) {
    for (let page = 0; page < pages; page++) yield [[page]];
    await undefined;
    throw new Error("gone");
  }
  const { response } = await streams.open({ name: "f", columns: ["n"], pages: failing(2) }, get("/"), ID);
  await assert.rejects(response.text(), /gone/);
  await assert.rejects(streams.open({ name: "f", columns: ["n"], pages: failing(0) }, get("/"), ID), /gone/);
  assert.equal(streams.count, 0);
});

Deno.test("one page is read at a time, whatever the number of files", async () => {
  const streams = new CsvStreams();
  let [reading, most] = [0, 0];
  async function* pages() {
    for (let page = 0; page < 5; page++) {
      most = Math.max(most, ++reading);
      for (let tick = 0; tick < 5; tick++) await undefined;
      reading--;
      yield [[page]];
    }
  }
  const texts = Array.from({ length: 4 }, async () => {
    const { response } = await streams.open({ name: "f", columns: ["n"], pages: pages() }, get("/"), ID);
    return await response.text();
  });
  assert.deepEqual(new Set(await Promise.all(texts)), new Set(["n\r\n0\r\n1\r\n2\r\n3\r\n4\r\n"]));
  assert.equal(most, 1);
});

Deno.test("open() refuses a file too many, and any once it is closed; close() fails those that are open", async () => {
  const streams = new CsvStreams(2);
  const [first, second] = [await openFile(streams, makeFile(9)), await openFile(streams, makeFile(9))];
  assert.equal((await openFile(streams, makeFile(9))).code, "overloaded");
  await second.response.body!.cancel();
  assert.equal((await openFile(streams, makeFile(0))).code, undefined);
  streams.close();
  await assert.rejects(first.response.text(), /stops/);
  assert.equal((await openFile(streams, makeFile(9))).code, "stopping");
  assert.equal(streams.count, 0);
});

Deno.test("a page that cannot be read fails no other file", async () => {
  const streams = new CsvStreams();
  // deno-lint-ignore require-yield -- it fails before its first page
  async function* failing(): AsyncGenerator<number[][], void> {
    await undefined;
    throw new Error("gone");
  }
  const fails = streams.open({ name: "f", columns: ["n"], pages: failing() }, get("/"), ID);
  const others = [makeFile(2), makeFile(2)].map((made) => openFile(streams, made));
  await assert.rejects(fails, /gone/);
  for (const other of others) assert.equal(await (await other).response.text(), "n\r\n0\r\n1\r\n");
  assert.equal(streams.count, 0);
});

Deno.test("close() fails a file whose first page is being read", async () => {
  const streams = new CsvStreams();
  const { promise: read, resolve: release } = Promise.withResolvers<void>();
  async function* pages() {
    await read;
    yield [[0]];
    yield [[1]];
  }
  const opening = streams.open({ name: "f", columns: ["n"], pages: pages() }, get("/"), ID);
  streams.close();
  release();
  await assert.rejects((await opening).response.text(), /stops/);
  assert.equal(streams.count, 0);
});

Deno.test("a file whose client takes nothing is given up", async () => {
  const streams = new CsvStreams(2, 20);
  const { response } = await openFile(streams, makeFile(9));
  await until(() => streams.count === 0, { what: "a stalled file to be given up", everyMs: 5 });
  await assert.rejects(response.text(), /takes nothing/);
});

Deno.test("a file whose client takes a page now and then is not given up, however long it takes", async () => {
  const { now } = performance;
  let time = 0;
  performance.now = () => time;
  try {
    const streams = new CsvStreams(2, 20);
    const reader = (await openFile(streams, makeFile(3))).response.body!.getReader();
    for (let page = 1; page <= 3; page++) {
      const { response } = await openFile(streams, makeFile(1));
      time += 15;
      await reader.read();
      time += 6;
      await until(() => streams.count === 1, { what: "the other file to be given up", everyMs: 5 });
      await assert.rejects(response.text(), /takes nothing/);
    }
    await reader.cancel();
  } finally {
    performance.now = now;
  }
});
