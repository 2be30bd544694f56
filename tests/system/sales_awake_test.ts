/** Does a node whom someone asks for old sales, one after another, keep them all in memory? */
import assert from "node:assert/strict";
import { HOUR_MS, itemIdOf } from "../../src/domain/sale_ids.ts";
import { freshDatabase } from "../support/database.ts";
import { startNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";

const SALES = 80;

Deno.test("a node keeps few sales awake, whoever asks for however many, and answers for each", async () => {
  const databaseUrl = await freshDatabase();
  const node = await startNode({ databaseUrl });
  const database = await openTestPostgres(databaseUrl);
  try {
    const first = Math.floor(Date.now() / HOUR_MS) - 2 * SALES;
    await database.activations.query(
      `select make_sale(n, 1, to_timestamp(n * 3600::float8), now(), 'test', gen_random_uuid(), '', '{}')
      from generate_series($1::integer, $2::integer) n`,
      [first, first + SALES - 1],
    );
    for (let sale = first; sale < first + SALES; sale++) {
      const answer = await fetch(`${node.url}/checkout?user_id=u&id=${itemIdOf(sale, 1)}`, { method: "POST" });
      assert.equal(answer.status, 200, await answer.text());
    }
    const { actors } = await (await fetch(`${node.url}/cluster`)).json();
    assert.equal(actors.sales.total, 64);
  } finally {
    await database.close();
    await node.kill();
  }
});
