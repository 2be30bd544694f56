/** What does a stranger find at the peer port of a server, and what does rubbish do to those whom it serves? */
import assert from "node:assert/strict";
import { MESSAGE_MAX } from "../../src/cluster/wire.ts";
import { actorOf, ringOf, SECRET, withCluster } from "../support/cluster.ts";
import { ClusterLoad, makeLedgers } from "../support/cluster_load.ts";

const PATHS = ["/ping", "/link", "/commands", "/greet", "/leave", "/", "/metrics", "/cluster", "/api/coupons/claim"];
const RING = "n0 n1 n2";

async function post(url: string, body: BodyInit, authorization?: string): Promise<number> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const response = await fetch(url, { method: "POST", headers, body });
  await response.body?.cancel();
  return response.status;
}

Deno.test("the peer port of a server gives strangers nothing but 401, and rubbish harms nobody", () =>
  withCluster({}, async (cluster) => {
    const names = Array.from({ length: 6 }, (_, place) => `peer-${place}`);
    const ledgers = await makeLedgers(cluster.urls[0]!, names);
    let turn = 0;
    const load = new ClusterLoad(ledgers, 6, () => cluster.urls[turn++ % 3]!);
    const owners = () => Promise.all(names.map((name) => actorOf(cluster.urls[0]!, name)));
    try {
      await load.more(100);
      const before = await owners();
      const bye = JSON.stringify([2, "n1", 9_000_000_000_000_000]);
      for (const [place, port] of cluster.peerPorts.entries()) {
        const peer = `http://127.0.0.1:${port}`;
        for (const path of PATHS) {
          for (const shown of [undefined, "Bearer", `Bearer ${SECRET}x`, `Basic ${SECRET}`]) {
            assert.equal(await post(peer + path, bye, shown), 401, path);
          }
          const secret = `Bearer ${SECRET}`;
          for (const rubbish of ["", "{", "[]", "[99]", '[2,1,"x"]', `[2,{"id":"n9"}]`, "\u0000"]) {
            const status = await post(peer + path, rubbish, secret);
            if (path === "/ping" && rubbish.startsWith("[2")) assert.equal(status, 200);
            else assert.match(String(status), /^40[04]$/, `${path} ${rubbish}`);
          }
          assert.equal(await post(peer + path, "x".repeat(MESSAGE_MAX + 1), secret), 413);
        }
        // The public port knows nothing of it, whatever is shown.
        for (const path of ["/ping", "/commands", "/greet", "/leave"]) {
          assert.equal(await post(cluster.urls[place]! + path, bye, `Bearer ${SECRET}`), 404, path);
        }
      }
      await load.more(100);
      assert.deepEqual(await Promise.all(cluster.urls.map(ringOf)), [RING, RING, RING]);
      assert.deepEqual(await owners(), before, "nobody let an actor go");
    } finally {
      await load.stop();
    }
    assert.deepEqual(Object.keys(load.counts), ["200"], "no request failed");
    await load.audit(cluster);
  }));
