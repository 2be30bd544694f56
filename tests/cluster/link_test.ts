import assert from "node:assert/strict";
import { WebSocket } from "ws";
import { Link, LINK_OPTIONS } from "../../src/cluster/link.ts";
import { type PeerServer, servePeers } from "../../src/cluster/peer_server.ts";
import type { Reception, Reply, Sink } from "../../src/cluster/reception.ts";
import { NeverConnected } from "../../src/cluster/transport.ts";
import { MESSAGE_MAX } from "../../src/cluster/wire.ts";
import { until } from "../support/until.ts";

const SECRET = "a secret of the cluster";
const HEADERS = { authorization: `Bearer ${SECRET}` };

/** A node whose answers are the test's to give, and a link to it. */
interface World {
  readonly url: string;
  readonly link: Link;
  readonly server: PeerServer;
  /** Messages that arrived and are not refused, with where their answers go. */
  readonly taken: { text: string; sink: Sink }[];
  /** Links that take no more. */
  readonly gone: Link[];
  /** Sends a message: its lines, and how it ended. */
  send(text: string, signal?: AbortSignal): { lines: string[]; end: Promise<number | Error> };
  /** Waits until so many were taken. */
  arrived(count: number): Promise<void>;
}

async function withLink(body: (world: World) => Promise<void>): Promise<void> {
  const taken: World["taken"] = [];
  const gone: Link[] = [];
  const receive = (_path: string, text: string): Reply => {
    if (text === "bad") return { status: 400 };
    return { status: 200, write: (sink) => void taken.push({ text, sink }) };
  };
  const reception = { receive } as Reception;
  const server = await servePeers({ host: "127.0.0.1", port: 0, secret: SECRET, reception });
  const url = `http://127.0.0.1:${server.port}/link`;
  const link = new Link(url, HEADERS, (it) => void gone.push(it));
  const send: World["send"] = (text, signal = new AbortController().signal) => {
    const lines: string[] = [];
    return { lines, end: link.send(text, signal, (line) => lines.push(line)).catch((error) => error) };
  };
  const arrived = (count: number) => until(() => Promise.resolve(taken.length === count), { what: `${count} taken` });
  try {
    await body({ url, link, server, taken, gone, send, arrived });
  } finally {
    link.close();
    await server.close();
  }
}

/** Connects by hand; resolves with the code it is closed with, or the status it is refused with. */
function closeOf(url: string, send: string | Uint8Array | undefined, headers = HEADERS): Promise<number> {
  const socket = new WebSocket(url.replace("http", "ws"), { headers, perMessageDeflate: false });
  return new Promise((resolve) => {
    socket.on("open", () => send !== undefined && socket.send(send));
    socket.on("error", (error) => resolve(Number(/\d{3}$/.exec(error.message)?.[0])));
    socket.on("close", resolve);
  });
}

Deno.test("messages of one link are answered in any order, each line as it falls, to the message it belongs to", () =>
  withLink(async ({ taken, send, arrived }) => {
    const [first, second] = [send("ünï 🎉 [1]"), send("[2]")];
    await arrived(2);
    assert.deepEqual(taken.map(({ text }) => text), ["ünï 🎉 [1]", "[2]"]);
    taken[1]!.sink("two", true);
    assert.deepEqual([await second.end, second.lines], [200, ["two"]]);
    taken[0]!.sink("one", false);
    await until(() => Promise.resolve(first.lines.length === 1), { what: "the first line" });
    taken[0]!.sink("more", true);
    assert.deepEqual([await first.end, first.lines], [200, ["one", "more"]]);
  }));

Deno.test("a message that is refused harms no other", () =>
  withLink(async ({ taken, send, arrived }) => {
    const [good, bad] = [send("good"), send("bad")];
    assert.deepEqual([await bad.end, bad.lines], [400, []]);
    await arrived(1);
    taken[0]!.sink("x", true);
    assert.equal(await good.end, 200);
  }));

Deno.test("where nothing listens a message was never delivered", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const urls = [`http://127.0.0.1:${listener.addr.port}/link`, "http://no.invalid:29999/link"];
  listener.close();
  for (const url of urls) {
    const gone: Link[] = [];
    const link = new Link(url, HEADERS, (it) => void gone.push(it));
    await assert.rejects(link.send("x", new AbortController().signal, () => {}), NeverConnected);
    assert.deepEqual(gone, [link]);
  }
});

Deno.test("a connection that is lost tells nothing of what was sent", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const hangUp = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(100));
  })();
  const link = new Link(`http://127.0.0.1:${listener.addr.port}/link`, HEADERS, () => {});
  const lost = link.send("x", new AbortController().signal, () => {});
  await assert.rejects(lost, (error) => !(error instanceof NeverConnected));
  await hangUp;
  listener.close();
});

Deno.test("a node that leaves answers what it has taken; what comes later was never delivered", () =>
  withLink(async ({ server, taken, gone, send, arrived, link }) => {
    const early = send("early");
    await arrived(1);
    const closed = server.close();
    const late = send("late");
    taken[0]!.sink("x", true);
    assert.deepEqual([await early.end, early.lines], [200, ["x"]]);
    assert((await late.end) instanceof NeverConnected);
    await closed;
    assert.deepEqual([taken.length, gone], [1, [link]]);
  }));

Deno.test("a message that is given up ends the link once the others are answered", () =>
  withLink(async ({ taken, gone, send, arrived, link }) => {
    const giveUp = new AbortController();
    const [stuck, other] = [send("stuck", giveUp.signal), send("other")];
    await arrived(2);
    giveUp.abort();
    const error = await stuck.end;
    assert(error instanceof Error && !(error instanceof NeverConnected));
    assert.deepEqual(gone, [link], "no more is to be sent by it");
    taken[0]!.sink("too late", true);
    taken[1]!.sink("x", true);
    assert.deepEqual([await other.end, stuck.lines, other.lines], [200, [], ["x"]]);
  }));

Deno.test("a message that is given up before the connection is there is never sent", () =>
  withLink(async ({ taken, send, arrived }) => {
    const giveUp = new AbortController();
    const [early, other] = [send("early", giveUp.signal), send("other")];
    giveUp.abort();
    assert((await early.end) instanceof Error);
    await arrived(1);
    taken[0]!.sink("x", true);
    assert.deepEqual([await other.end, taken.map(({ text }) => text)], [200, ["other"]]);
  }));

Deno.test("what answers with garbage is given up, and nothing of it is believed", () =>
  withLink(async ({ taken, arrived, link }) => {
    const asked = link.send("x", new AbortController().signal, (line) => JSON.parse(line));
    await Promise.all([assert.rejects(asked), arrived(1).then(() => taken[0]!.sink("{", true))]);
  }));

Deno.test("a link is refused without the secret and where there is none; garbage and huge messages end it", () =>
  withLink(async ({ url, taken, send, arrived }) => {
    for (const authorization of ["", "Bearer", `Bearer ${SECRET}x`]) {
      for (const path of [url, url + "s"]) assert.equal(await closeOf(path, undefined, { authorization }), 401);
    }
    assert.equal(await closeOf(url + "s", undefined), 404);
    for (const garbage of ["", "x", "1", "-1 x", "1.5 x", "9".repeat(16) + " x", new TextEncoder().encode("1 x")]) {
      assert.equal(await closeOf(url, garbage), 1007, String(garbage));
    }
    assert([1006, 1009].includes(await closeOf(url, "1 " + "x".repeat(MESSAGE_MAX))));
    assert.equal(LINK_OPTIONS.maxPayload, MESSAGE_MAX);
    const good = send("good");
    await arrived(1);
    taken[0]!.sink("x", true);
    assert.equal(await good.end, 200);
  }));
