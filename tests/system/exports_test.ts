/** Does a file of many claims leave a real server whole, or visibly not? */
import assert from "node:assert/strict";
import type { Database } from "../../src/storage/sql.ts";
import { freshDatabase } from "../support/database.ts";
import { createCoupon, startNode, type TestNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";
import { until } from "../support/until.ts";

/** Far more than fits into the buffers between a server and its client. */
const CLAIMS = 400_000;
const PAGES = CLAIMS / 2_000;

async function withClaims(body: (node: TestNode, database: Database) => Promise<void>): Promise<void> {
  const databaseUrl = await freshDatabase();
  const node = await startNode({ databaseUrl });
  const database = await openTestPostgres(databaseUrl, { statementTimeoutMs: 60_000 });
  try {
    await createCoupon(node.url, "big", CLAIMS);
    await database.activations.query(`insert into claims
        (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
      select id, i, amount - i, false, now(), gen_random_uuid(), 'user_' || i from coupons, generate_series(1, amount) i`);
    await body(node, database);
  } finally {
    await database.close();
    await node.kill();
  }
}

/** How many pages of claims were read, once no more are. */
async function pagesRead(database: Database): Promise<number> {
  const sql = "select idx_scan::integer from pg_stat_user_indexes where indexrelname = 'claims_seq'";
  let last = -1;
  await until(async () => {
    const before = last;
    last = (await database.views.query(sql))[0]![0] as number;
    return last === before;
  }, { what: "no more pages to be read", everyMs: 1_500 });
  return last;
}

Deno.test("a coupon's claims leave as one whole file, each page once its client has taken those before", async () => {
  await withClaims(async (node, database) => {
    const response = await fetch(`${node.url}/api/coupons/BIG/claims.csv`);
    assert.equal(response.headers.get("content-disposition")?.split(";")[1], ' filename="claims-big.csv"');
    const pages = await pagesRead(database);
    assert(pages < PAGES / 2, `${pages} of ${PAGES} pages were read for a client that takes none`);
    let lines = 0;
    let tail = "";
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      lines += text.split("\n").length - 1;
      tail = (tail + text).slice(-200);
    }
    assert.equal(lines, CLAIMS + 1);
    assert.match(tail, new RegExp(`\nbig,[\\da-f-]{36},user_${CLAIMS},[^,\r\n]*Z\r\n$`));
  });
});

Deno.test("a file of any length leaves a server of little memory: what was sent is let go", async () => {
  const program = `
    import { CsvStreams } from "./src/http/answers/csv_streams.ts";
    async function* pages() {
      for (let page = 0; page < 600; page++) yield Array.from({ length: 2_000 }, (_, line) => ["x".repeat(100), page, line]);
    }
    const file = { name: "long", columns: ["text", "page", "line"], pages: pages() };
    const { response } = await new CsvStreams().open(file, new Request("http://x/"), { id: "1", echoed: false });
    let bytes = 0;
    for await (const piece of response.body) bytes += piece.byteLength;
    console.log(bytes);`;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--v8-flags=--max-old-space-size=64", program],
    cwd: new URL("../..", import.meta.url).pathname,
    stderr: "null",
  }).output();
  assert.equal(code, 0);
  assert(Number(new TextDecoder().decode(stdout)) > 120_000_000);
});

Deno.test("a file that fails in its middle does not end like a whole one, and the server lives", async () => {
  await withClaims(async (node, database) => {
    const response = await fetch(`${node.url}/api/claims.csv`);
    const reader = response.body!.getReader();
    await reader.read();
    await database.activations.query("alter table claims rename to claims_gone");
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    });
    const broken = await fetch(`${node.url}/api/claims.csv`);
    assert.deepEqual([broken.status, (await broken.json()).code], [503, "storage_unavailable"]);
    await database.activations.query("alter table claims_gone rename to claims");
    const again = await fetch(`${node.url}/api/claims.csv`);
    assert.equal(again.status, 200);
    await again.body!.cancel();
  });
});

Deno.test("a client that leaves ends the work for its file, and a server that stops does not wait for one", async () => {
  await withClaims(async (node, database) => {
    const left = await fetch(`${node.url}/api/claims.csv`);
    await left.body!.cancel();
    const pages = await pagesRead(database);
    assert(pages < PAGES / 2, `${pages} of ${PAGES} pages were read for a client that left`);
    const open = await fetch(`${node.url}/api/claims.csv`);
    assert.equal(await node.stop(), 0, node.lastLines());
    await assert.rejects(open.text());
  });
});
