import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import { Link, LINK_OPTIONS } from "../../src/cluster/link.ts";
import { type PeerServer, servePeers } from "../../src/cluster/peer_server.ts";
import type { Reception, Reply, Sink } from "../../src/cluster/reception.ts";
import { PATHS } from "../../src/cluster/calls.ts";
import { LinkTransport } from "../../src/cluster/link_transport.ts";
import { NeverConnected } from "../../src/cluster/transport.ts";
import { MESSAGE_MAX } from "../../src/cluster/wire.ts";
import { FakeClock } from "../support/fake_clock.ts";
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
  const clock = new FakeClock();
  const link = new Link(url, HEADERS, clock, (it) => void gone.push(it));
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
    const link = new Link(url, HEADERS, new FakeClock(), (it) => void gone.push(it));
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
  const link = new Link(`http://127.0.0.1:${listener.addr.port}/link`, HEADERS, new FakeClock(), () => {});
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

Deno.test("a link that is refused tells the status, since nothing was taken; one that has ended takes no more", () =>
  withLink(async ({ url }) => {
    const gone: Link[] = [];
    const stranger = new Link(url, { authorization: "Bearer x" }, new FakeClock(), (it) => void gone.push(it));
    const { signal } = new AbortController();
    assert.equal(await stranger.send("x", signal, () => {}), 401);
    assert.deepEqual(gone, [stranger]);
    await assert.rejects(stranger.send("y", signal, () => {}), (error) => !(error instanceof NeverConnected));
  }));

/** A link to an end that answers nothing. @param autoPong whether it says at least that it is there */
async function withMute(
  autoPong: boolean,
  body: (world: { clock: FakeClock; asked: Promise<unknown>; pings: () => number }) => Promise<void>,
): Promise<void> {
  const mute = new WebSocketServer({ host: "127.0.0.1", port: 0, autoPong });
  let [pings, messages] = [0, 0];
  mute.on("connection", (socket) => socket.on("ping", () => pings++).on("message", () => messages++));
  await once(mute, "listening");
  const clock = new FakeClock();
  const url = `http://127.0.0.1:${(mute.address() as AddressInfo).port}`;
  const link = new Link(url, HEADERS, clock, () => {});
  const asked = link.send("x", new AbortController().signal, () => {}).catch((error) => error);
  try {
    await until(() => messages === 1, { what: "the message" });
    await body({ clock, asked, pings: () => pings });
  } finally {
    link.close();
    for (const socket of mute.clients) socket.terminate();
    await new Promise((resolve) => mute.close(resolve));
  }
}

Deno.test("an end that is silent for three looks is given up, and what it was sent may have been taken", () =>
  withMute(false, async ({ clock, asked, pings }) => {
    let isTold = false;
    asked.then(() => isTold = true);
    for (const count of [1, 2]) {
      await clock.advance(1_000);
      await until(() => pings() === count, { what: `ping ${count}` });
      assert(!isTold);
    }
    await clock.advance(1_000);
    const error = await asked;
    assert(error instanceof Error && !(error instanceof NeverConnected));
  }));

Deno.test("an end that takes long and says that it is there is waited for", () =>
  withMute(true, async ({ clock, asked, pings }) => {
    let isTold = false;
    asked.then(() => isTold = true);
    for (let count = 1; count <= 6; count++) {
      await clock.advance(1_000);
      await until(() => pings() === count, { what: `ping ${count}` });
    }
    assert(!isTold);
  }));

Deno.test("LinkTransport sends all batches for a node by one link, and by a new one once that has ended", async () => {
  const ends = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  ends.on("connection", (socket) => socket.on("message", (data) => socket.send(String(data).replace(" ", " 200 "))));
  await once(ends, "listening");
  const transport = new LinkTransport(SECRET, new FakeClock());
  const url = `http://127.0.0.1:${(ends.address() as AddressInfo).port}`;
  let connections = 0;
  ends.on("connection", () => connections++);
  const send = (text: string) => {
    const lines: string[] = [];
    const { signal } = new AbortController();
    return transport.send(url, PATHS.link, text, signal, (line) => lines.push(line)).then((status) => [status, lines]);
  };
  try {
    assert.deepEqual(await Promise.all([send("a"), send("b")]), [[200, ["a"]], [200, ["b"]]]);
    assert.deepEqual(await send("c"), [200, ["c"]]);
    assert.equal(connections, 1);
    for (const socket of ends.clients) socket.terminate();
    await until(async () => (await send("d"))[0] === 200, { what: "an answer by a new link" });
    assert.equal(connections, 2);
  } finally {
    transport.close();
    for (const socket of ends.clients) socket.terminate();
    await new Promise((resolve) => ends.close(resolve));
  }
});
