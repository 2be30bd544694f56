/** What does a stranger find at the peer port of a server, and what does rubbish do to those whom it serves? */
import assert from "node:assert/strict";
import { createClient } from "@redis/client";
import pg from "pg";
import { dial } from "../../src/cluster/dial.ts";
import { framedText } from "../../src/cluster/frames.ts";
import { Dialling } from "../../src/cluster/handshake.ts";
import { PROTOCOL } from "../../src/cluster/member.ts";
import { selfMember } from "../../src/cluster/mod.ts";
import { MESSAGE } from "../../src/cluster/session.ts";
import { MESSAGE_MAX } from "../../src/cluster/wire.ts";
import { makeCertificate } from "../support/certificates.ts";
import { actorOf, metricOf, ringOf, SECRET, type TestCluster, withCluster } from "../support/cluster.ts";
import { ClusterLoad, makeLedgers } from "../support/cluster_load.ts";
import { ask } from "../support/node.ts";
import { until } from "../support/until.ts";

const RING = "n0 n1 n2";
const NAMES = Array.from({ length: 6 }, (_, place) => `peer-${place}`);
const text = (text: string) => new TextEncoder().encode(text);

/** What a stranger hears until the other end hangs up, or falls silent; what is sent after its first word is `then`. */
async function heardBy(port: number, sent: Uint8Array, then?: Uint8Array): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const bytes = new Uint8Array(100_000);
  await connection.write(sent).catch(() => 0);
  let heard = "";
  for (const next of [then, undefined]) {
    const size = await connection.read(bytes).catch(() => null);
    heard += new TextDecoder().decode(bytes.subarray(0, size ?? 0));
    if (next === undefined || size === null) break;
    await connection.write(next).catch(() => 0);
  }
  return heard;
}

Deno.test("the peer port of a server tells strangers nothing but a nonce, and rubbish harms nobody", () =>
  withCluster({}, async (cluster) => {
    const ledgers = await makeLedgers(cluster.urls[0]!, NAMES);
    let turn = 0;
    const load = new ClusterLoad(ledgers, 6, () => cluster.urls[turn++ % 3]!);
    const owners = () => Promise.all(NAMES.map((name) => actorOf(cluster.urls[0]!, name)));
    try {
      await load.more(100);
      const before = await owners();
      const trust = { secret: `${SECRET}x`, database: "", self: selfMember("n1", "http://127.0.0.1:1", 9e15) };
      const bye = `[4,"n1",${9e15}]`;
      const rubbish = [
        text(`POST /leave HTTP/1.1\r\nhost: n\r\nauthorization: Bearer ${SECRET}\r\ncontent-length: 99\r\n\r\n${bye}`),
        text(`GET /link HTTP/1.1\r\nhost: n\r\nauthorization: Bearer ${SECRET}\r\nupgrade: websocket\r\n\r\n`),
        framedText(bye),
        framedText("{"),
        new Uint8Array(1_000),
        new Uint8Array(MESSAGE_MAX).fill(0xff),
        crypto.getRandomValues(new Uint8Array(10_000)),
      ];
      for (const port of cluster.peerPorts) {
        for (const sent of rubbish) assert(["", "\0\0\0\x02[]"].includes(await heardBy(port, sent)));
        const dialling = new Dialling(trust);
        const claim = framedText(JSON.stringify([JSON.stringify(trust.self), "0".repeat(64)]));
        const heard = await heardBy(port, framedText(dialling.hello), claim);
        assert.match(heard, /^....\[4,4,4,"[\da-f]{64}"\]....\[\]$/s);
        // The public port knows nothing of it, whatever is shown.
        for (const path of ["/ping", "/commands", "/greet", "/leave", "/link"]) {
          const headers = { authorization: `Bearer ${SECRET}` };
          const response = await fetch(cluster.urls[0]! + path, { method: "POST", headers, body: bye });
          assert.equal(response.status, 404, path);
          await response.body?.cancel();
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

/** Listens where a node was, and answers whatever it can think of; tells all that it heard. */
async function impostor(port: number, seconds: () => Promise<unknown>): Promise<string> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port });
  let heard = "";
  const serve = async (connection: Deno.Conn) => {
    const bytes = new Uint8Array(65_536);
    try {
      for (let size = await connection.read(bytes); size !== null; size = await connection.read(bytes)) {
        const said = bytes.subarray(0, size);
        heard += new TextDecoder().decode(said);
        // Back as it came, so that whoever takes its own words for another's is found out; then as a node of old.
        await connection.write(said);
        await connection.write(text('HTTP/1.1 200 OK\r\ncontent-length: 21\r\n\r\n[[0,0,{"claimed":1}]]\n'));
      }
    } catch {
      // It hung up.
    }
    connection.close();
  };
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) serving.push(serve(connection));
  })();
  await seconds();
  listener.close();
  await accepting;
  await Promise.all(serving);
  return heard;
}

/** A node's entry in the registry. */
async function entryOf(cluster: TestCluster, id: string): Promise<string> {
  const redis = await createClient({ url: cluster.redis.url }).connect();
  try {
    return (await redis.get(`doorbuster:nodes:${id}`))!;
  } finally {
    redis.destroy();
  }
}

Deno.test("whoever writes a dead node's entry back and listens in its place is shown no secret, and believed nothing", () =>
  withCluster({ env: { HEARTBEAT: "200ms", NODE_EXPIRY: "600ms" } }, async (cluster) => {
    const [name] = cluster.namesOf(2, 1, "gone");
    const created = await ask(cluster.urls[0]!, "POST", "/api/coupons", { name: name!, amount: 5 });
    assert.equal(created.status, 201);
    const entry = await entryOf(cluster, "n2");
    await cluster.nodes[2]!.kill();
    const redis = await createClient({ url: cluster.redis.url }).connect();
    const heard = await impostor(cluster.peerPorts[2]!, async () => {
      const claims: number[] = [];
      const none: number[] = [];
      for (let round = 0; round < 10; round++) {
        await redis.sAdd("doorbuster:nodes", "n2");
        await redis.set("doorbuster:nodes:n2", entry);
        const claim = { user_id: `u${round}`, coupon_name: name! };
        const url = cluster.urls[round % 2]!;
        claims.push((await ask(url, "POST", "/api/coupons/claim", claim)).status);
        none.push((await ask(url, "POST", "/api/coupons/claim", { ...claim, coupon_name: `${name}-none` })).status);
      }
      assert(claims.every((status) => [200, 400, 409, 503].includes(status)), claims.join());
      assert.equal(claims.filter((status) => status === 200).length, 5, claims.join());
      assert(none.every((status) => status === 404 || status === 503), `of a coupon that does not exist: ${none}`);
      await until(async () => await ringOf(cluster.urls[0]!) === "n0 n1", { what: "the dead node to be out" });
    });
    redis.destroy();
    assert(!heard.includes(SECRET) && !heard.includes("Bearer"));
    assert(!heard.includes("user_id") && !heard.includes("commands"), "nothing is sent to one that proved nothing");
  }));

/** Names the database that a cluster serves from, as its nodes do. */
async function databaseOf(url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const oid = "(select oid from pg_database where datname = current_database())";
  const { rows } = await client.query(
    `select system_identifier::text || '/' || ${oid} as name from pg_control_system()`,
  );
  await client.end();
  return rows[0].name;
}

Deno.test("an act of an administrator is done by its owner, wherever it arrives, and never without its row in the trail", () =>
  withCluster({ nodes: 2 }, async (cluster) => {
    const [name] = cluster.namesOf(1, 1, "act");
    const [at, owner] = cluster.urls as [string, string];
    const acts = async () => {
      const { body } = await ask(at, "GET", "/api/audit");
      return (body["data"] as unknown as { act: string; status: number }[]).map(({ act, status }) => `${act} ${status}`)
        .reverse();
    };
    const coupon = `/api/coupons/${name}`;
    assert.equal((await ask(at, "POST", "/api/coupons", { name, amount: 5 })).status, 201);
    assert.equal((await ask(at, "POST", "/api/coupons/claim", { user_id: "u", coupon_name: name })).status, 200);
    assert.equal((await ask(at, "PATCH", coupon, { amount: 7 })).status, 200);
    assert.equal((await ask(at, "DELETE", `${coupon}/claims/u`)).status, 200);
    const sale = (await ask(at, "GET", "/api/sales/current")).body["id"];
    for (const url of [at, owner]) {
      assert.equal((await ask(url, "PATCH", `/api/sales/${sale}`, { paused: false })).status, 200);
    }
    const done = ["coupon.create 201", "coupon.edit 200", "claim.void 200", "sale.edit 200", "sale.edit 200"];
    assert.deepEqual(await acts(), done);
    // Whoever knows the secret is a peer; even so an act that no node has recorded is not done.
    const trust = {
      secret: SECRET,
      database: await databaseOf(cluster.databaseUrl),
      self: selfMember("n9", "http://127.0.0.1:1", 1),
    };
    const url = `http://127.0.0.1:${cluster.peerPorts[1]}`;
    const { frames, session } = await dial(url, { trust, tls: undefined, signal: new AbortController().signal });
    frames.frameMax = MESSAGE_MAX;
    const answers: unknown[] = [];
    const told = new Promise<void>((resolve) => {
      frames.onFrame = (frame) => {
        const [, line] = /^0 \d+ (.*)$/s.exec(session.open(frame)!.text)!;
        answers.push(...JSON.parse(line!));
        if (answers.length === 4) resolve();
      };
    });
    const forged = [undefined, 1, 3, 99].map((act) => {
      return { kind: "edit", id: crypto.randomUUID(), keyed: false, changes: { amount: 1_000 }, act };
    });
    const batch = [PROTOCOL, Date.now(), [["coupon", name, 4_000, 0, ...forged]]];
    frames.send(session.seal(MESSAGE, `0 commands ${JSON.stringify(batch)}`));
    await told;
    frames.close();
    assert.deepEqual(answers.map((answer) => (answer as unknown[]).slice(1)), Array(4).fill([2, "data_error"]));
    assert.equal((await ask(at, "GET", coupon)).body["amount"], 7);
    assert.deepEqual(await acts(), done, "and none was made for it");
    assert.match(cluster.nodes[1]!.said(), /n9 asked for an act that is not recorded/);
  }));

Deno.test("nodes with certificates speak by TLS alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { files, ca } = await makeCertificate(folder, "node");
    const env = { CLUSTER_TLS_CERT: files.cert, CLUSTER_TLS_KEY: files.key, CLUSTER_TLS_CA: files.ca };
    const nodeUrl = (_: number, port: number) => `https://127.0.0.1:${port}`;
    await withCluster({ nodes: 2, env, nodeUrl }, async (cluster) => {
      const ledgers = await makeLedgers(cluster.urls[0]!, NAMES);
      let turn = 0;
      const load = new ClusterLoad(ledgers, 6, () => cluster.urls[turn++ % 2]!);
      await load.more(200);
      await load.stop();
      assert.deepEqual(Object.keys(load.counts), ["200"], "no request failed");
      assert(await metricOf(cluster.urls[0]!, "doorbuster_forwards_total\\{[^}]*answered[^}]*\\}") > 0);
      await load.audit(cluster);
      const port = cluster.peerPorts[0]!;
      const plain = new Dialling({ secret: SECRET, database: "", self: selfMember("n9", "http://127.0.0.1:1", 1) });
      assert(!(await heardBy(port, framedText(plain.hello))).includes("[4,4,4"), "no handshake without TLS");
      using secure = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts: [ca] });
      await secure.write(framedText(plain.hello));
      const bytes = new Uint8Array(1_000);
      assert.match(new TextDecoder().decode(bytes.subarray(0, await secure.read(bytes) ?? 0)), /\[4,4,4,/);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
