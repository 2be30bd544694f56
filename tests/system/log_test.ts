/** What does a node say of itself and of requests? */
import assert from "node:assert/strict";
import project from "../../deno.json" with { type: "json" };
import { freshDatabase } from "../support/database.ts";
import { ask, startNode } from "../support/node.ts";
import { until } from "../support/until.ts";

Deno.test("a node names itself as it starts, and each sale's hour; of a request it says all but its query", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase(), env: { LOG_LEVEL: "debug" } });
  try {
    const headers = { "x-request-id": "the-request" };
    await ask(node.url, "POST", "/api/coupons/claim", { user_id: "ann", coupon_name: "none" }, headers);
    await ask(node.url, "GET", "/api/sales/current/items?state=sold", undefined, headers);
    const lines = () => node.said().split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    const found = (message: RegExp) => lines().find((line) => message.test(line.message));
    await until(() => Promise.resolve(lines().filter(({ level }) => level === "DEBUG").length >= 2), {
      what: "two lines",
    });
    assert(found(new RegExp(`^Doorbuster ${project.version}, node \\S+, serves on ${node.url} from PostgreSQL at `)));
    assert(found(/^Made the sale (\d{4}-\d\d-\d\dT\d\d)Z, for the hour from \1:00:00\.000Z$/));
    const claim = found(/^POST \/api\/coupons\/claim 404 \d+(\.\d)? ms coupon_not_found the-request$/);
    assert.equal(claim.properties.route, "POST /api/coupons/claim");
    assert(found(/^GET \/api\/sales\/current\/items 200 \d+(\.\d)? ms - the-request$/));
  } finally {
    await node.kill();
  }
});
