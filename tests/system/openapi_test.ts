/** Is every answer of a real server one that its document knows, and is every answer of the document one that it gives? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { answersOf, Described } from "../support/described.ts";
import { bulk } from "../support/drives/bulk.ts";
import { callers } from "../support/drives/callers.ts";
import { claims, coupons, kinds } from "../support/drives/coupons.ts";
import { type Drive, Driver } from "../support/drives/drive.ts";
import { everywhere, node } from "../support/drives/node.ts";
import { exclusive, others, sales } from "../support/drives/sales.ts";
import { files, users } from "../support/drives/users.ts";
import { startNode, type TestNode } from "../support/node.ts";
import { TOKEN_ENV } from "../support/tokens.ts";
import { until } from "../support/until.ts";

/** One after another: each may use what those before it made. */
const DRIVES: readonly Drive[] = [
  node,
  coupons,
  claims,
  kinds,
  sales,
  exclusive,
  others,
  users,
  bulk,
  files,
  callers,
  everywhere,
];

/** Answers that are not asked for here, of any operation, and why. */
const NOT_ASKED = new Map([
  ["408 request_timeout", "takes 10 s; see tests/unit/http/edge_test.ts"],
  ["500 internal_error", "is a mistake of ours"],
  ["503 overloaded", "needs a full mailbox"],
  ["503 deadline", "needs an owner that hangs"],
  ["503 storage_unavailable", "needs a database that is away; see tests/system/coupon_crash_test.ts"],
  ["503 moved", "needs a cluster in motion"],
  ["503 stopping", "needs a node that leaves"],
  ["503 data_error", "needs a row that the schema refuses"],
  ["412 sale_over", "needs an hour to pass; see tests/unit/http/sales_test.ts"],
]);

Deno.test("each documented operation is asked for each answer that can be had, and gives no other", async () => {
  const nodes: TestNode[] = [];
  const start = async (env: Record<string, string>) => {
    const all = { ITEMS_PER_SALE: "5", DRAIN: "10s", ...env };
    const one = await startNode({ databaseUrl: await freshDatabase(), env: all });
    nodes.push(one);
    return one.url;
  };
  try {
    const urls = {
      usual: await start({ PURCHASE_LIMIT: "2" }),
      open: await start({ CHECKOUT_MODE: "open", PURCHASE_LIMIT: "1" }),
      hasty: await start({ CHECKOUT_TTL: "1ms" }),
      guarded: await start({ ...TOKEN_ENV, RATE_LIMIT: "2" }),
    };
    const described = new Described(await (await fetch(urls.usual + "/openapi.json")).json());
    const driver = new Driver(described, urls);
    for (const drive of DRIVES) await drive(driver);
    nodes[0]!.signal("SIGTERM");
    await until(
      async () => (await driver.described.hold("ready", ...await answerOf(urls.usual + "/readyz"))).status === 503,
      {
        what: "a leaving node to be unready",
      },
    );
    const missing = described.operations.flatMap((operation) => {
      const seen = described.seen.get(operation.id) ?? new Set();
      return answersOf(operation).filter((answer) => !seen.has(answer) && !NOT_ASKED.has(answer))
        .map((answer) => `${operation.id}: ${answer}`);
    });
    assert.deepEqual(missing, []);
  } finally {
    await Promise.all(nodes.map((one) => one.kill()));
  }
});

async function answerOf(url: string): Promise<[Response, string]> {
  const response = await fetch(url);
  return [response, await response.text()];
}
