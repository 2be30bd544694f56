/** Does a key get the same answer through any node, and after its actor's owner was killed? */
import assert from "node:assert/strict";
import { currentSale } from "../support/buyers.ts";
import { type TestCluster, withCluster } from "../support/cluster.ts";
import { ask, type Reply } from "../support/node.ts";
import { until } from "../support/until.ts";

interface Keyed {
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly key: string;
}

/** Sends it through a node until that is no trouble of the machinery. */
async function told(url: string, { what, method, path, body, key }: Keyed): Promise<Reply> {
  let reply: Reply | undefined;
  const isDecided = async () => {
    const asked = ask(url, method, path, body, { "idempotency-key": key });
    reply = await asked.catch(() => undefined);
    return reply !== undefined && reply.status !== 503;
  };
  await until(isDecided, { what, everyMs: 50 });
  return reply!;
}

async function assertSame(cluster: TestCluster, places: readonly number[], first: ReadonlyMap<Keyed, Reply>) {
  for (const [keyed, { status, body }] of first) {
    for (const place of places) {
      const again = await told(cluster.urls[place]!, keyed);
      assert.deepEqual({ status: again.status, body: again.body }, { status, body }, `${keyed.what} through n${place}`);
    }
  }
}

Deno.test("the same key gets the same answer from every node, and after the owner was killed", async () => {
  await withCluster({}, async (cluster) => {
    const first = new Map<Keyed, Reply>();
    const tell = async (keyed: Keyed): Promise<Reply> => {
      const reply = await told(cluster.urls[first.size % 3]!, keyed);
      assert(reply.status < 300, `${keyed.what}: ${JSON.stringify(reply.body)}`);
      first.set(keyed, reply);
      return reply;
    };
    for (const [place, name] of cluster.ids.flatMap((_, at) => cluster.namesOf(at, 2, "keyed")).entries()) {
      const coupon = `/api/coupons/${name}`;
      const act = (what: string, method: string, path: string, body?: unknown) =>
        tell({ what: `${what} ${name}`, method, path, key: `${what}-${place}`, ...body !== undefined && { body } });
      await act("create", "POST", "/api/coupons", { name, amount: 5 });
      await act("claim", "POST", "/api/coupons/claim", { user_id: "u1", coupon_name: name });
      await act("other", "POST", "/api/coupons/claim", { user_id: "u2", coupon_name: name });
      await act("edit", "PATCH", coupon, { amount: 6 });
      await act("void", "DELETE", `${coupon}/claims/u1`);
    }
    const sale = await currentSale(cluster.urls[0]!);
    const path = `/checkout?user_id=u1&id=${sale.itemId(7)}`;
    const { body: { code } } = await tell({ what: "checkout", method: "POST", path, key: "checkout" });
    await tell({ what: "purchase", method: "POST", path: `/purchase?code=${code}`, key: "purchase" });

    await assertSame(cluster, [0, 1, 2], first);
    for (const victim of cluster.ids.keys()) {
      await cluster.nodes[victim]!.kill();
      await assertSame(cluster, [0, 1, 2].filter((place) => place !== victim), first);
      await cluster.restart(victim);
    }
    for (const [{ what }, { body }] of first) {
      if (!what.startsWith("create ")) continue;
      const { body: now } = await ask(cluster.urls[0]!, "GET", `/api/coupons/${body["name"]}`);
      assert.deepEqual([now["amount"], now["remaining_amount"], now["claimed_by"]], [6, 5, ["u2"]], what);
    }
  });
});
