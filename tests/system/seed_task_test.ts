/** Does `deno task seed` fill a running node, and leave it as it is the second time? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { ask, claim, startNode } from "../support/node.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

async function seed(...args: string[]): Promise<{ code: number; said: string; failed: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", "--allow-env=ADMIN_TOKEN", "tools/seed/main.ts", ...args],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const [said, failed] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
  return { code, said, failed };
}

Deno.test("seeding makes users, segments and a coupon of each kind, once, and says how to try them", async () => {
  const { url, kill } = await startNode({ databaseUrl: await freshDatabase() });
  try {
    const first = await seed(url);
    assert.equal(first.code, 0, first.failed);
    assert(/^made {3}users/m.test(first.said) && !/^there {2}(?!sale)/m.test(first.said), first.said);
    const order = { user_id: "user_1", coupon_name: "DEMO_DISCOUNT", order_amount: "99.99" };
    const discount = await ask(url, "POST", "/api/coupons/claim", order);
    assert.deepEqual([discount.status, discount.body.discount_amount], [200, "15.00"]);
    assert.equal((await claim(url, "user_1", "DEMO_CHARGE")).status, 200);
    assert.equal((await ask(url, "GET", "/api/users/user_1")).body.balance, "25.00");
    assert.equal((await claim(url, "user_100", "DEMO_GOLD")).status, 403);
    for (
      const [user, coupon] of [["user_1", "DEMO_GOLD"], ["user_1", "DEMO_PLAIN"], ["user_1", "DEMO_WEEK"]] as const
    ) {
      assert.equal((await claim(url, user, coupon)).status, 200, coupon);
    }
    const before = await ask(url, "GET", "/api/coupons");
    const second = await seed(url);
    assert.equal(second.code, 0, second.failed);
    assert(!/^made/m.test(second.said), second.said);
    assert.deepEqual(await ask(url, "GET", "/api/coupons"), before);
  } finally {
    await kill();
  }
});

Deno.test("seeding says in one line what is wrong with its argument or that no node answers", async () => {
  for (const args of [["nonsense"], ["http://127.0.0.1:1"]]) {
    const { code, failed } = await seed(...args);
    assert.equal(code, 1);
    assert.match(failed, /^seed: Cannot .+\n$/);
  }
});
