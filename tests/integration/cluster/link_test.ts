import assert from "node:assert/strict";
import { dial } from "../../../src/cluster/dial.ts";
import { framed, FrameStream } from "../../../src/cluster/frames.ts";
import { HANDSHAKE_MAX, Listening } from "../../../src/cluster/handshake.ts";
import { framedText } from "../../../src/cluster/frames.ts";
import { DIAL_MS } from "../../../src/cluster/link.ts";
import { LinkTransport } from "../../../src/cluster/link_transport.ts";
import { selfMember } from "../../../src/cluster/mod.ts";
import type { Status } from "../../../src/cluster/reply.ts";
import { MESSAGE, PING, PONG, type Session } from "../../../src/cluster/session.ts";
import { COMMANDS, PING as ASKS } from "../../../src/cluster/transport.ts";
import { MESSAGE_MAX } from "../../../src/cluster/wire.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { Dialler, Listener, SECRET, trustOf, withLink } from "../../support/link_servers.ts";
import { until } from "../../support/until.ts";

Deno.test("messages of one link are answered in any order, each line as it falls, to the message it belongs to", () =>
  withLink(async (a, b) => {
    const [first, second] = [a.send("ünï 🎉 [1]"), a.send("[2]")];
    await b.arrived(2);
    assert.deepEqual(b.taken.map(({ what, text }) => [what, text]), [["commands", "ünï 🎉 [1]"], ["commands", "[2]"]]);
    assert.deepEqual(b.taken[0]!.from, trustOf("a").self, "who sent it is known");
    b.taken[1]!.sink("two", true);
    assert.deepEqual([await second.end, second.lines], ["answered", ["two"]]);
    b.taken[0]!.sink("one", false);
    await until(() => first.lines.length === 1, { what: "the first line" });
    b.taken[0]!.sink("more", true);
    assert.deepEqual([await first.end, first.lines], ["answered", ["one", "more"]]);
  }));

Deno.test("a message that is refused harms no other", () =>
  withLink(async (a, b) => {
    const [good, bad] = [a.send("good"), a.send("bad")];
    assert.deepEqual([await bad.end, bad.lines], ["malformed", []]);
    await b.arrived(1);
    b.taken[0]!.sink("x", true);
    assert.equal(await good.end, "answered");
  }));

Deno.test("messages and answers of any length arrive whole, many at once", () =>
  withLink(async (a, b) => {
    const texts = [0, 1, 65_500, 65_536, 200_000, 3_000_000].map((size) => "é".repeat(size));
    const sent = texts.map((text) => a.send(text));
    await b.arrived(texts.length);
    for (const { text, sink } of b.taken) sink(text, true);
    for (const [at, { end, lines }] of sent.entries()) {
      assert.equal(await end, "answered");
      assert.equal(lines.join(""), texts[at]);
    }
  }));

Deno.test("where nothing listens a message was never delivered", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const urls = [`http://127.0.0.1:${listener.addr.port}`, "http://no.invalid:29999"];
  listener.close();
  for (const url of urls) {
    const a = new Dialler(url);
    assert.equal(await a.send("x").end, "never_connected");
    assert.deepEqual(a.gone, [a.link]);
  }
});

Deno.test("where another process listens now a message for the one before was never delivered", () =>
  withLink(async (a, b) => {
    const { self } = b.trust;
    const [before, other, it] = [
      a.send("x", { only: { ...self, incarnation: 0 } }),
      a.send("x", { only: { ...self, id: "c" } }),
      a.send("y", { only: self }),
    ];
    assert.equal(await before.end, "never_connected");
    assert.equal(await other.end, "never_connected");
    await b.arrived(1);
    assert.equal(await a.send("x", { only: { ...self, incarnation: 2 } }).end, "never_connected");
    assert.deepEqual(b.taken.map(({ text }) => text), ["y"]);
    b.taken[0]!.sink("", true);
    assert.equal(await it.end, "answered");
  }));

/** A node that proves who it is, and whose frames are the test's from then on. */
async function withEnd(
  body: (end: { a: Dialler; frames: FrameStream; session: Session }) => Promise<void>,
): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const a = new Dialler(`http://127.0.0.1:${listener.addr.port}`);
  const frames = new FrameStream(await listener.accept(), HANDSHAKE_MAX);
  const linked = Promise.withResolvers<Session>();
  const [listening, decoder] = [new Listening(trustOf("b")), new TextDecoder()];
  frames.onFrame = (hello) => {
    frames.send(framedText(listening.challenge(decoder.decode(hello)).message));
    frames.onFrame = (claim) => {
      const { message, session } = listening.end(decoder.decode(claim));
      frames.frameMax = MESSAGE_MAX;
      frames.onFrame = () => {};
      frames.send(framedText(message));
      linked.resolve(session);
    };
  };
  frames.start();
  try {
    await body({ a, frames, session: await linked.promise });
  } finally {
    a.link.close();
    frames.close();
    listener.close();
  }
}

Deno.test("of what was sent nothing is known where a link is lost, or where a frame is not the other end's next", async () => {
  const acts: [what: string, act: (frames: FrameStream, session: Session) => void][] = [
    ["lost", (frames) => frames.close()],
    ["forged", (frames, session) => {
      const frame = session.seal(MESSAGE, "0 200 x");
      frame[frame.length - 1]! ^= 1;
      frames.send(frame);
    }],
    ["sent twice", (frames, session) => {
      const frame = session.seal(PING);
      frames.send(frame);
      frames.send(frame);
    }],
    ["left out", (frames, session) => {
      session.seal(PING);
      frames.send(session.seal(MESSAGE, "0 200 x"));
    }],
    ["too short", (frames) => frames.send(framed(3))],
    ["too long", (frames) => frames.send(new Uint8Array([0xff, 0xff, 0xff, 0xff]))],
    ["a good-bye that is forged", (frames) => frames.send(framed(41))],
    ["garbage to the one that asked", (frames, session) => frames.send(session.seal(MESSAGE, "0 200 {"))],
  ];
  for (const [what, act] of acts) {
    await withEnd(async ({ a, frames, session }) => {
      const asked = a.link.send(
        { what: COMMANDS, text: "x" },
        new AbortController().signal,
        (line) => JSON.parse(line),
      );
      const end = asked.catch((error) => error);
      const sent = Promise.withResolvers<void>();
      frames.onFrame = () => sent.resolve();
      await sent.promise;
      act(frames, session);
      assert.equal(await end, "ambiguous", what);
      assert.deepEqual(a.gone, [a.link], what);
    });
  }
});

Deno.test("a node that leaves answers what it has taken; what comes later was never delivered", () =>
  withLink(async (a, b) => {
    const early = a.send("early");
    await b.arrived(1);
    const closed = b.server.close();
    const late = Array.from({ length: 20 }, () => a.send("late".repeat(10_000)));
    b.taken[0]!.sink("x", true);
    assert.deepEqual([await early.end, early.lines], ["answered", ["x"]]);
    for (const { end } of late) assert.equal(await end, "never_connected");
    await closed;
    assert.deepEqual([b.taken.length, a.gone], [1, [a.link]]);
  }));

Deno.test("a node that leaves does not wait for one that does not hang up", async () => {
  const b = await Listener.start();
  const { signal } = new AbortController();
  const { frames } = await dial(b.url, { trust: trustOf("a"), tls: undefined, signal });
  const closed = b.server.close();
  let isOver = false;
  closed.then(() => isOver = true);
  await b.clock.advance(499);
  assert(!isOver, "what it says last may be on its way");
  await b.clock.advance(1);
  await closed;
  frames.close();
});

Deno.test("a message that is given up ends the link once the others are answered", () =>
  withLink(async (a, b) => {
    const giveUp = new AbortController();
    const [stuck, other] = [a.send("stuck", giveUp), a.send("other")];
    await b.arrived(2);
    giveUp.abort();
    assert.equal(await stuck.end, "ambiguous");
    assert.deepEqual(a.gone, [a.link], "no more is to be sent by it");
    b.taken[0]!.sink("too late", true);
    b.taken[1]!.sink("x", true);
    assert.deepEqual([await other.end, stuck.lines, other.lines], ["answered", [], ["x"]]);
  }));

Deno.test("a message that is given up before the link is there is never sent", () =>
  withLink(async (a, b) => {
    const giveUp = new AbortController();
    const [early, other] = [a.send("early", giveUp), a.send("other")];
    giveUp.abort();
    assert.equal(await early.end, "ambiguous");
    await b.arrived(1);
    b.taken[0]!.sink("x", true);
    assert.deepEqual([await other.end, b.taken.map(({ text }) => text)], ["answered", ["other"]]);
  }));

Deno.test("a link that has ended takes no more", () =>
  withLink(async (a) => {
    a.link.close();
    assert.equal(await a.send("y").end, "ambiguous");
    assert.deepEqual(a.gone, [a.link]);
  }));

const OTHERS = [
  ["another secret", { secret: `${SECRET}x` }],
  ["another database", { database: "7300/6" }],
  ["only newer versions", { versions: { min: 5, max: 6 } }],
  ["only older versions", { versions: { min: 2, max: 3 } }],
] as const;
for (const [what, options] of OTHERS) {
  for (const side of ["dials", "listens"] as const) {
    Deno.test(`where the node that ${side} has ${what}, nothing is taken, and the asker is told so`, () =>
      withLink(async (a, b) => {
        assert.equal(await a.send("x").end, "no_peer");
        assert.deepEqual([b.taken.length, a.gone], [0, [a.link]]);
      }, { [side]: options }));
  }
}

Deno.test("two nodes speak the highest version that both know", async () => {
  for (const [mine, theirs] of [[4, 4], [5, 4], [4, 5], [5, 5]] as const) {
    const versions = (max: number) => ({ versions: { min: 4, max } });
    await withLink(async (a, b) => {
      const sent = a.send("x");
      await b.arrived(1);
      b.taken[0]!.sink("y", true);
      assert.deepEqual([await sent.end, sent.lines], ["answered", ["y"]], `${mine} and ${theirs}`);
      assert.equal(b.taken[0]!.from.version, mine);
      assert.equal(a.link.version, Math.min(mine, theirs));
    }, { dials: versions(mine), listens: versions(theirs) });
  }
});

function textFrame(text: string): string {
  return new TextDecoder().decode(framedText(text));
}

/** What is no peer may answer to whatever comes; undefined: it reads, and hangs up. */
const STRANGE: readonly (readonly [what: string, answer: string | undefined, status: Status])[] = [
  ["a server of HTTP", "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", "no_peer"],
  ["a message that is none of a handshake", textFrame("{}"), "no_peer"],
  ["a challenge of no version", textFrame(`["x",4,4,"${"0".repeat(64)}"]`), "no_peer"],
  ["a challenge of a lower version than both speak", textFrame(`[3,3,4,"${"0".repeat(64)}"]`), "no_peer"],
  ["a server that hangs up", undefined, "unavailable"],
];
for (const [what, answer, status] of STRANGE) {
  Deno.test(`where ${what} answers, a message is not taken (${status}), and the secret is not shown`, async () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let heard = "";
    const serving = (async () => {
      using connection = await listener.accept();
      const bytes = new Uint8Array(10_000);
      heard = new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
      if (answer === undefined) return;
      await connection.write(new TextEncoder().encode(answer));
      await connection.read(bytes).catch(() => {});
    })();
    const a = new Dialler(`http://127.0.0.1:${listener.addr.port}`);
    assert.equal(await a.send("x").end, status);
    await serving;
    listener.close();
    assert.match(heard, /^....\["doorbuster",4,4,"[\da-f]{64}"\]\r\n\r\n$/s);
  });
}

Deno.test("a node that takes a connection and says nothing is given up in time", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const a = new Dialler(`http://127.0.0.1:${listener.addr.port}`);
  const connection = await listener.accept();
  await connection.read(new Uint8Array(1_000));
  const end = a.send("x").end;
  await a.clock.advance(DIAL_MS);
  assert.equal(await end, "unavailable");
  connection.close();
  listener.close();
});

/** A link to an end that answers no message. @param answers whether it says at least that it is there */
async function withMute(
  answers: boolean,
  body: (world: { clock: FakeClock; asked: Promise<unknown>; pings: () => number }) => Promise<void>,
): Promise<void> {
  await withEnd(async ({ a, frames, session }) => {
    let [pings, messages] = [0, 0];
    frames.onFrame = (frame) => {
      const { kind } = session.open(frame)!;
      if (kind === MESSAGE) messages++;
      else if (kind === PING && ++pings && answers) frames.send(session.seal(PONG));
    };
    const asked = a.send("x").end;
    await until(() => messages === 1, { what: "the message" });
    await body({ clock: a.clock, asked, pings: () => pings });
  });
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
    assert.equal(await asked, "ambiguous");
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

Deno.test("LinkTransport sends all for a node by one link, and by a new one once that has ended", async () => {
  const b = await Listener.start();
  const noPeers: string[] = [];
  const transport = new LinkTransport({
    trust: trustOf("a"),
    tls: undefined,
    clock: new FakeClock(),
    events: { noPeer: (url, why) => void noPeers.push(`${url} ${why}`) },
  });
  const member = { ...b.trust.self, url: b.url };
  const { signal } = new AbortController();
  const send = async (what: string, text: string, to = member) => {
    const before = b.taken.length;
    const sent = transport.send(to, what, text, signal, () => {});
    await b.arrived(before + 1);
    b.taken.at(-1)!.sink("x", true);
    return await sent;
  };
  try {
    assert.equal(await send(COMMANDS, "a"), "answered");
    assert.equal(await send(ASKS, ""), "answered");
    // Whoever listens there may be asked who it is; commands are for one process alone.
    const old = { ...member, incarnation: 0 };
    assert.equal(await send(ASKS, "", old), "answered");
    assert.equal(await transport.send(old, COMMANDS, "b", signal, () => {}), "never_connected");
    await b.server.close();
    assert.equal(await transport.send(member, COMMANDS, "c", signal, () => {}), "never_connected");
    assert.deepEqual(noPeers, []);
  } finally {
    transport.close();
  }
});

Deno.test("LinkTransport tells once of an address where no peer of its node listens", async () => {
  const b = await Listener.start({ secret: "another secret of a cluster" });
  const noPeers: string[] = [];
  const noPeer = (url: string, why: string) => void noPeers.push(`${url} ${why}`);
  const transport = new LinkTransport({
    trust: trustOf("a"),
    tls: undefined,
    clock: new FakeClock(),
    events: { noPeer },
  });
  const member = { ...selfMember("b", b.url, 1), url: b.url };
  for (let times = 0; times < 3; times++) {
    assert.equal(await transport.send(member, ASKS, "", new AbortController().signal, () => {}), "no_peer");
  }
  assert.deepEqual(noPeers, [`${b.url} The other end does not speak the peer protocol`]);
  transport.close();
  await b.server.close();
});
