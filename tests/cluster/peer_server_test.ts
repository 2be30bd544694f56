import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { FetchTransport, NeverConnected } from "../../src/cluster/transport.ts";
import { servePeers } from "../../src/cluster/peer_server.ts";
import type { Reception, Sink } from "../../src/cluster/reception.ts";
import { MESSAGE_MAX } from "../../src/cluster/wire.ts";
import { claim, create, terms } from "../support/commands.ts";
import { until } from "../support/until.ts";
import { MemoryRows } from "../support/memory_store.ts";
import { arrayRegistry, type RealNode, SECRET, startRealNode } from "../support/real_nodes.ts";

async function withNodes(count: number, body: (...nodes: RealNode[]) => Promise<void>): Promise<void> {
  const [registry, rows] = [arrayRegistry([]), new MemoryRows()];
  const nodes: RealNode[] = [];
  try {
    for (let id = 1; id <= count; id++) nodes.push(await startRealNode(`n${id}`, registry, rows));
    await body(...nodes);
  } finally {
    for (const node of nodes) await node.stop();
  }
}

function ask(
  node: RealNode,
  path: string,
  body: BodyInit | null,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(node.url + path, { method: "POST", headers: { authorization: `Bearer ${SECRET}`, ...headers }, body });
}

async function statusOf(asked: Promise<Response>): Promise<number> {
  const response = await asked;
  await response.body?.cancel();
  return response.status;
}

/** The status line of a request that fetch would not make. */
async function rawStatus(node: RealNode, header: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(node.url).port) });
  const head = `POST /commands HTTP/1.1\r\nhost: n\r\nauthorization: Bearer ${SECRET}\r\n${header}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  const answer = new Uint8Array(1_000);
  return new TextDecoder().decode(answer.subarray(0, await connection.read(answer) ?? 0));
}

const UPGRADE = "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
  "sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
const SHOWN = `authorization: Bearer ${SECRET}\r\n`;
/** What is sent of a request before its sender falls silent, and how the answer begins, where there is one. */
const halves: [what: string, sent: string, status: RegExp | undefined][] = [
  ["nothing", "", undefined],
  ["half a head", "POST /ping HTTP/1.1\r\nhost: n\r\n", undefined],
  ["half a body", `POST /ping HTTP/1.1\r\nhost: n\r\n${SHOWN}content-length: 100\r\n\r\n[2`, undefined],
  ["half a body of a stranger", "POST /ping HTTP/1.1\r\nhost: n\r\ncontent-length: 100\r\n\r\n[2", /401/],
  ["a stranger's upgrade", `GET /link HTTP/1.1\r\nhost: n\r\n${UPGRADE}\r\n`, /401/],
  ["an upgrade to what there is not", `GET /x HTTP/1.1\r\nhost: n\r\n${SHOWN}${UPGRADE}\r\n`, /404/],
  [
    "an upgrade to another protocol",
    `GET /link HTTP/1.1\r\nhost: n\r\n${SHOWN}connection: upgrade\r\nupgrade: x\r\n\r\n`,
    /400/,
  ],
  ["a link that says nothing", `GET /link HTTP/1.1\r\nhost: n\r\n${SHOWN}${UPGRADE}\r\n`, /101/],
  ["no HTTP", "\u0000\u0001 hello\r\n\r\n", /400/],
];
for (const [what, sent, status] of halves) {
  Deno.test(`close() does not wait for a connection that sent ${what}`, async () => {
    const reception = { receive: () => ({ status: 400 }) } as unknown as Reception;
    const server = await servePeers({ host: "127.0.0.1", port: 0, secret: SECRET, reception });
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
    if (sent !== "") await connection.write(new TextEncoder().encode(sent));
    const answer = new Uint8Array(1_000);
    const size = status === undefined ? 0 : await connection.read(answer) ?? 0;
    if (status !== undefined) assert.match(new TextDecoder().decode(answer.subarray(0, size)), status);
    await server.close();
  });
}

Deno.test("strangers who reset their upgrades, refused or not yet, harm nobody", () =>
  withNodes(1, async (node) => {
    const upgrade = `GET /link HTTP/1.1\r\nhost: n\r\n${UPGRADE}\r\n`;
    for (let stranger = 0; stranger < 40; stranger++) {
      const socket = connect(Number(new URL(node.url).port), "127.0.0.1").on("error", () => {});
      await once(socket, "connect");
      socket.write(upgrade);
      if (stranger % 2 === 0) await once(socket, "data");
      socket.resetAndDestroy();
    }
    assert.equal((await (await ask(node, "/ping", "[3]")).json()).id, "n1");
  }));

Deno.test("a link that comes while the listener closes is refused", async () => {
  const sinks: Sink[] = [];
  const reception = {
    receive: () => ({ status: 200, write: (sink: Sink) => sinks.push(sink) }),
  } as unknown as Reception;
  const server = await servePeers({ host: "127.0.0.1", port: 0, secret: SECRET, reception });
  const url = `http://127.0.0.1:${server.port}`;
  const held = fetch(url + "/commands", { method: "POST", headers: { authorization: `Bearer ${SECRET}` }, body: "x" });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await until(() => sinks.length === 1, { what: "the message" });
  const closed = server.close();
  await connection.write(new TextEncoder().encode(`GET /link HTTP/1.1\r\nhost: n\r\n${SHOWN}${UPGRADE}\r\n`));
  const answer = new Uint8Array(1_000);
  const size = await connection.read(answer) ?? 0;
  assert.match(new TextDecoder().decode(answer.subarray(0, size)), /^HTTP\/1.1 503 /);
  sinks[0]!("late", true);
  assert.equal(await (await held).text(), "late\n", "what was taken is answered");
  await closed;
});

function command(key: string, userId: string): unknown {
  return ["coupon", key, 4_000, 0, claim(userId)];
}

Deno.test("without the secret there is nothing but 401, whatever is asked", () =>
  withNodes(1, async (node) => {
    const tokens = ["", "Bearer", `Bearer ${SECRET}x`, `Bearer ${SECRET.slice(1)}`, `bearer ${SECRET}`, SECRET];
    for (const authorization of tokens) {
      for (const path of ["/ping", "/commands", "/greet", "/leave", "/", "/nothing"]) {
        const response = await ask(node, path, "[2]", { authorization });
        assert.deepEqual([response.status, await response.text()], [401, ""], `${authorization} ${path}`);
      }
      assert.equal(await statusOf(fetch(node.url + "/ping", { headers: { authorization } })), 401);
    }
  }));

Deno.test("garbage, huge messages and unknown versions are refused and harm nobody", () =>
  withNodes(1, async (node) => {
    await node.coupons.ask("promo", create(terms("Promo", 5)));
    const batch = Array.from({ length: 1_001 }, (_, user) => command("promo", `u${user}`));
    const texts = ["", "{", "null", "[]", "[9]", "[4,1,[]]", "[2,1,[[]]]", '[2,1,"x"]', JSON.stringify([2, 1, batch])];
    for (const text of texts) {
      for (const path of ["/commands", "/greet", "/leave"]) {
        assert.equal(await statusOf(ask(node, path, text)), 400, `${path} ${text.slice(0, 30)}`);
      }
    }
    assert.equal(await statusOf(ask(node, "/ping", "[7]")), 400);
    assert.equal(await statusOf(ask(node, "/greet", "[2,{}]")), 400);
    assert.equal(await statusOf(ask(node, "/nothing", "[2]")), 404);
    assert.equal(await statusOf(ask(node, "/commands", "x".repeat(MESSAGE_MAX + 1))), 413);
    assert.match(await rawStatus(node, "transfer-encoding: chunked"), /^HTTP\/1.1 413 /, "a body without a length");
    const headers = { authorization: `Bearer ${SECRET}` };
    assert.equal(await statusOf(fetch(node.url + "/ping", { headers })), 405);
    assert.deepEqual(node.store.holders("promo"), []);
    assert.equal((await (await ask(node, "/ping", "[2]")).json()).id, "n1");
    assert.equal((await node.coupons.ask("promo", claim("u"))).kind, "done");
  }));

for (const version of [2, 3]) {
  Deno.test(`commands of version ${version} are understood; one that is unknown harms no other of its batch`, () =>
    withNodes(1, async (node) => {
      await node.coupons.ask("promo", create(terms("Promo", 5)));
      const unknown = ["coupon", "promo", 4_000, 0, { id: crypto.randomUUID(), kind: "transfer" }];
      const commands = [command("promo", "a"), unknown, ["sail", "x", 1, 0, { id: "y" }], command("promo", "a")];
      const message = JSON.stringify([version, Math.floor(Date.now()), commands]);
      const text = await (await ask(node, "/commands", message)).text();
      const answers = text.trim().split("\n").flatMap((line) => JSON.parse(line)).sort((a, b) => a[0] - b[0]);
      assert.deepEqual(answers.map(([place, code]: number[]) => [place, code]), [[0, 0], [1, 2], [2, 2], [3, 1]]);
      assert.deepEqual(answers.slice(1).map(([, , value]: unknown[]) => value), [
        "data_error",
        "data_error",
        "already_claimed",
      ]);
    }));
}

Deno.test("answers that fall together are one line; others stream as they fall, and wait for none", () =>
  withNodes(1, async (node) => {
    for (const key of ["promo", "slow"]) await node.coupons.ask(key, create(terms(key, 5)));
    const send = (...commands: unknown[]) =>
      ask(node, "/commands", JSON.stringify([2, Math.floor(Date.now()), commands]));
    const whole = await send(command("promo", "a"), command("promo", "b"));
    assert.equal(JSON.parse(await whole.text()).length, 2);

    const { promise, resolve } = Promise.withResolvers<void>();
    node.store.gate = promise;
    const unknown = ["sail", "x", 1, 0, { id: "y" }];
    const streamed = await send(command("slow", "a"), unknown);
    const reader = streamed.body!.pipeThrough(new TextDecoderStream()).getReader();
    assert.deepEqual(JSON.parse((await reader.read()).value!), [[1, 2, "data_error"]]);
    resolve();
    assert.deepEqual(JSON.parse((await reader.read()).value!)[0].slice(0, 2), [0, 0]);
    assert((await reader.read()).done);
  }));

Deno.test("commands go to their owner over the wire and come back", () =>
  withNodes(2, async (one, two) => {
    const key = Array.from({ length: 100 }, (_, key) => `k${key}`).find((key) => one.cluster.ownerOf(key).id === "n2")!;
    await one.coupons.ask(key, create(terms(key, 300)));
    const outcomes = await Promise.all(
      Array.from({ length: 400 }, (_, user) => one.coupons.ask(key, claim(`ünï 🎉 ${user}`))),
    );
    assert.equal(outcomes.filter(({ kind }) => kind === "done").length, 300);
    assert.equal(two.store.holders(key).length, 300);
    assert(two.store.appends > 0);
    assert.equal(one.store.appends, 0);
  }));

Deno.test("a node that is told to leave hands over, and no command fails", () =>
  withNodes(2, async (one, two) => {
    const key = Array.from({ length: 100 }, (_, key) => `k${key}`).find((key) => one.cluster.ownerOf(key).id === "n2")!;
    await one.coupons.ask(key, create(terms(key, 1_000)));
    const asked: Promise<{ kind: string }>[] = [];
    for (let user = 0; user < 200; user++) {
      asked.push((user % 2 === 0 ? one : two).coupons.ask(key, claim(`u${user}`)));
      if (user === 100) two.cluster.leave();
      if (user % 10 === 0) await asked.at(-1);
    }
    assert.deepEqual(new Set((await Promise.all(asked)).map(({ kind }) => kind)), new Set(["done"]));
    assert.equal(one.cluster.ownerOf(key).id, "n1");
  }));

Deno.test("FetchTransport tells what was not delivered from what may have been", async () => {
  const transport = new FetchTransport(SECRET);
  const { signal } = new AbortController();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  const hangUp = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(100));
    connection.close();
  })();
  const lost = transport.send(url, "/x", "[]", signal, () => {});
  await assert.rejects(lost, (error) => !(error instanceof NeverConnected));
  await hangUp;
  listener.close();
  await assert.rejects(transport.send(url, "/x", "[]", signal, () => {}), NeverConnected);
  await assert.rejects(transport.send("http://no.invalid:29999", "/x", "[]", signal, () => {}), NeverConnected);
  transport.close();
});

Deno.test("FetchTransport gives whole lines, however they were cut; an error where they end early", async () => {
  const transport = new FetchTransport(SECRET);
  const encoder = new TextEncoder();
  const chunks = ["[1]\n[", "2]\n\n", "ü"].map((text) => encoder.encode(text));
  const last = encoder.encode("ü\n");
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, onError: () => new Response() },
    (request) => {
      const isCut = request.url.endsWith("/cut");
      return new Response(
        new ReadableStream({
          async start(controller) {
            for (const chunk of [...chunks, last.slice(0, 1), last.slice(1)]) {
              controller.enqueue(chunk);
              await new Promise<void>((resolve) => setImmediate(resolve));
            }
            if (isCut) controller.error(new Deno.errors.ConnectionReset());
            else controller.close();
          },
        }),
      );
    },
  );
  const url = `http://127.0.0.1:${server.addr.port}`;
  const { signal } = new AbortController();
  const lines: string[] = [];
  assert.equal(await transport.send(url, "/whole", "[]", signal, (line) => lines.push(line)), 200);
  assert.deepEqual(lines, ["[1]", "[2]", "", "üü"]);
  await assert.rejects(transport.send(url, "/cut", "[]", signal, () => {}));
  transport.close();
  await server.shutdown();
});

Deno.test("FetchTransport delivers a message once, where its kept connection is closed before an answer too", async () => {
  const transport = new FetchTransport(SECRET);
  const { signal } = new AbortController();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `http://127.0.0.1:${listener.addr.port}`;
  let messages = 0;
  const serve = async (connection: Deno.Conn) => {
    const bytes = new Uint8Array(1_000);
    for (let size = await connection.read(bytes); size !== null; size = await connection.read(bytes)) {
      const text = new TextDecoder().decode(bytes.subarray(0, size));
      if (!text.includes("[2]")) continue; // the rest of a head
      if (++messages > 1) break;
      await connection.write(new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
    }
    connection.close();
  };
  const serving: Promise<void>[] = [];
  const accepting = (async () => {
    for await (const connection of listener) serving.push(serve(connection));
  })();
  assert.equal(await transport.send(url, "/x", "[2]", signal, () => {}), 200);
  await assert.rejects(
    transport.send(url, "/x", "[2]", signal, () => {}),
    (error) => !(error instanceof NeverConnected),
  );
  assert.equal(messages, 2, "each was delivered once");
  transport.close();
  listener.close();
  await accepting;
  await Promise.all(serving);
});
