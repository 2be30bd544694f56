import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { dial } from "../../../src/cluster/dial.ts";
import { framed, framedText } from "../../../src/cluster/frames.ts";
import { Dialling, HANDSHAKE_MAX } from "../../../src/cluster/handshake.ts";
import { QUIET_MS } from "../../../src/cluster/link_server.ts";
import { PROTOCOL } from "../../../src/cluster/member.ts";
import { STRANGER_MS, STRANGERS_MAX } from "../../../src/cluster/peer_server.ts";
import { MESSAGE, Session } from "../../../src/cluster/session.ts";
import { MESSAGE_MAX } from "../../../src/cluster/wire.ts";
import { claim, create, terms } from "../../support/commands.ts";
import { Listener, trustOf } from "../../support/link_servers.ts";
import { MemoryRows } from "../../support/memory_store.ts";
import { arrayRegistry, type RealNode, startRealNode } from "../../support/real_nodes.ts";
import { until } from "../../support/until.ts";

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

async function withListener(body: (b: Listener) => Promise<void>): Promise<void> {
  const b = await Listener.start();
  try {
    await body(b);
  } finally {
    await b.server.close();
  }
}

/** A connection of a stranger. */
class Stranger {
  private constructor(readonly connection: Deno.TcpConn) {}

  static async to(b: Listener, sent?: Uint8Array): Promise<Stranger> {
    const stranger = new Stranger(await Deno.connect({ hostname: "127.0.0.1", port: b.server.port }));
    if (sent !== undefined && sent.length > 0) await stranger.connection.write(sent);
    return stranger;
  }

  /** All that is heard until the other end hangs up. */
  async rest(): Promise<string> {
    const bytes = new Uint8Array(100_000);
    let [text, size] = ["", 0 as number | null];
    while (size !== null) {
      size = await this.connection.read(bytes).catch(() => null);
      text += new TextDecoder().decode(bytes.subarray(0, size ?? 0));
    }
    this.connection.close();
    return text;
  }

  /** What is heard next. */
  async heard(): Promise<string> {
    const bytes = new Uint8Array(100_000);
    return new TextDecoder().decode(bytes.subarray(0, await this.connection.read(bytes) ?? 0));
  }
}

const hello = () => framedText(new Dialling(trustOf("a")).hello);
const head = (size: number) => framed(size).subarray(0, 4);
const text = (text: string) => new TextEncoder().encode(text);

/** What is sent before its sender falls silent. */
const HALVES: readonly (readonly [what: string, sent: () => Uint8Array])[] = [
  ["nothing", () => new Uint8Array()],
  ["half a length", () => head(9).subarray(0, 2)],
  ["half a message", () => hello().subarray(0, 40)],
  ["half of a handshake", hello],
];
for (const [what, sent] of HALVES) {
  Deno.test(`a connection that sent ${what} is closed after ten seconds, and told no more than a nonce`, () =>
    withListener(async (b) => {
      const stranger = await Stranger.to(b, sent());
      const rest = stranger.rest();
      let isOver = false;
      rest.then(() => isOver = true);
      await until(() => b.clock.timers === 1, { what: "the connection" });
      await b.clock.advance(STRANGER_MS - 1);
      assert(!isOver);
      await b.clock.advance(1);
      assert.match(await rest, /^(....\[4,4,4,"[\da-f]{64}"\])?$/s);
      assert.equal(b.clock.timers, 0);
    }));

  Deno.test(`close() does not wait for a connection that sent ${what}`, async () => {
    const b = await Listener.start();
    const stranger = await Stranger.to(b, sent());
    await until(() => b.clock.timers === 1, { what: "the connection" });
    await b.server.close();
    await stranger.rest();
    assert.equal(b.clock.timers, 0);
  });
}

/** What is no handshake. */
const GARBAGE: readonly (readonly [what: string, sent: () => Uint8Array])[] = [
  ["a request of HTTP", () => text("POST /ping HTTP/1.1\r\nhost: n\r\nauthorization: Bearer x\r\n\r\n")],
  ["a message that is longer than any of a handshake", () => framed(HANDSHAKE_MAX + 1)],
  ["the head of a message of 4 GiB", () => head(2 ** 32 - 1)],
  ["the head of the longest message of a peer", () => head(MESSAGE_MAX)],
  ["an empty message", () => framed(0)],
  ["no JSON", () => framedText("{")],
  ["no array", () => framedText("{}")],
  ["another protocol", () => framedText(`["x",4,4,"${"0".repeat(64)}"]`)],
  ["a short nonce", () => framedText(`["doorbuster",4,4,"00"]`)],
  ["a nonce that is no text", () => framedText(`["doorbuster",4,4,7]`)],
  ["no versions", () => framedText(`["doorbuster","4",null,"${"0".repeat(64)}"]`)],
  ["versions the wrong way round", () => framedText(`["doorbuster",5,4,"${"0".repeat(64)}"]`)],
];
for (const [what, sent] of GARBAGE) {
  Deno.test(`a connection that sends ${what} is refused, and harms nobody`, () =>
    withListener(async (b) => {
      const stranger = await Stranger.to(b, sent());
      const rest = stranger.rest();
      await until(async () => {
        await b.clock.advance(500); // it has half a second to hang up itself
        return b.clock.timers === 0;
      }, { what: "the end" });
      assert(["", "\0\0\0\x02[]"].includes(await rest), "nothing but that it is refused");
      assert.deepEqual(b.taken, []);
    }));
}

const TOO_LONG = [HANDSHAKE_MAX + 1, MESSAGE_MAX, 2 ** 32 - 1];
for (const size of TOO_LONG) {
  Deno.test(`a stranger's message of ${size} bytes is refused by its length, before any of it is waited for`, () =>
    withListener(async (b) => {
      const stranger = await Stranger.to(b, head(size));
      assert.equal(await stranger.rest(), "");
      assert.equal(b.clock.timers, 0);
    }));
}

Deno.test("a proof is good for the connection that it was made for, for one role and for one member alone", () =>
  withListener(async (b) => {
    const trust = trustOf("a");
    /** Shakes hands up to the proof, which `forge` may change. */
    const tried = async (forge: (claim: string, challenge: string) => string): Promise<string> => {
      const dialling = new Dialling(trust);
      const stranger = await Stranger.to(b, framedText(dialling.hello));
      const challenge = (await stranger.heard()).slice(4);
      await stranger.connection.write(framedText(forge(dialling.prove(challenge), challenge)));
      const heard = (await stranger.heard()).slice(4);
      stranger.connection.close();
      return heard;
    };
    let recorded = "";
    const welcome = await tried((claim) => recorded = claim);
    assert.match(welcome, /^\["\{\\"id\\":\\"b\\"/, "the right one is taken");
    const other = { ...trust, self: { ...trust.self, id: "c" } };
    const forgeries: [what: string, (claim: string, challenge: string) => string][] = [
      ["recorded", () => recorded],
      ["the other's own", () => welcome],
      ["of another member", (claim) => JSON.stringify([JSON.stringify(other.self), JSON.parse(claim)[1]])],
      ["of another incarnation", (claim) => claim.replace('incarnation\\":1', 'incarnation\\":2')],
      ["the nonce", (claim, challenge) => JSON.stringify([JSON.parse(claim)[0], JSON.parse(challenge)[3]])],
      ["shorter", (claim) => claim.replace(/.."\]$/, '"]')],
      ["none", (claim) => JSON.stringify([JSON.parse(claim)[0], null])],
      ["empty", () => "[]"],
      ["of no member", (claim) => JSON.stringify(["{}", JSON.parse(claim)[1]])],
    ];
    for (const [what, forge] of forgeries) assert.equal(await tried(forge), "[]", what);
    assert.deepEqual(b.taken, []);
    await b.clock.advance(500);
  }));

Deno.test("what was recorded of a link, or is sent back to its sender, ends a link and does nothing", () =>
  withListener(async (b) => {
    const trust = trustOf("a");
    const { signal } = new AbortController();
    const open = () => dial(b.url, { trust, tls: undefined, signal });
    const first = await open();
    const recorded = first.session.seal(MESSAGE, "0 commands x");
    first.frames.send(recorded);
    await b.arrived(1);
    const acts: [what: string, act: (session: Session) => Uint8Array][] = [
      ["on another link", () => recorded],
      ["that the other end made", ({ remote, version, sealKey, openKey }) => {
        return new Session(remote, version, openKey, sealKey).seal(MESSAGE, "0 commands x");
      }],
    ];
    for (const [what, act] of acts) {
      const { frames, session } = await open();
      const ended = new Promise<void>((resolve) => frames.onEnd = () => resolve());
      frames.send(act(session));
      await ended;
      assert.equal(b.taken.length, 1, what);
    }
    // The same once more on its own link.
    const ended = new Promise<void>((resolve) => first.frames.onEnd = () => resolve());
    first.frames.send(recorded);
    await ended;
    assert.equal(b.taken.length, 1);
  }));

Deno.test("strangers who connect and say nothing shut no peer out: of too many the oldest is closed", () =>
  withListener(async (b) => {
    const strangers: Stranger[] = [];
    for (let count = 0; count < STRANGERS_MAX + 10; count++) strangers.push(await Stranger.to(b));
    await until(() => b.clock.timers === STRANGERS_MAX, { what: "the last of them" });
    const { signal } = new AbortController();
    const { frames } = await dial(b.url, { trust: trustOf("a"), tls: undefined, signal });
    await Promise.all(strangers.slice(0, 11).map((stranger) => stranger.rest()));
    frames.close();
    await b.clock.advance(STRANGER_MS);
    await Promise.all(strangers.slice(11).map((stranger) => stranger.rest()));
  }));

Deno.test("strangers who reset their connections harm nobody", () =>
  withListener(async (b) => {
    for (let stranger = 0; stranger < 40; stranger++) {
      const socket = connect(b.server.port, "127.0.0.1").on("error", () => {});
      await once(socket, "connect");
      if (stranger % 2 === 0) {
        socket.write(hello());
        await once(socket, "data");
      }
      socket.resetAndDestroy();
    }
    const { signal } = new AbortController();
    const { frames } = await dial(b.url, { trust: trustOf("a"), tls: undefined, signal });
    frames.close();
  }));

Deno.test("a peer that is silent is asked for a sign of life, and its link ended where none comes", () =>
  withListener(async (b) => {
    const { signal } = new AbortController();
    const { frames, session } = await dial(b.url, { trust: trustOf("a"), tls: undefined, signal });
    let pings = 0;
    frames.onFrame = (frame) => void (session.open(frame)!.kind === 1 && pings++);
    const ended = new Promise<void>((resolve) => frames.onEnd = () => resolve());
    for (const count of [1, 2]) {
      await b.clock.advance(QUIET_MS);
      await until(() => pings === count, { what: `ping ${count}` });
    }
    await b.clock.advance(QUIET_MS);
    await ended;
  }));

for (const what of ["no number", "no end"]) {
  Deno.test(`a peer whose message is garbage (${what}) is given up, and harms nobody`, () =>
    withListener(async (b) => {
      const { signal } = new AbortController();
      const { frames, session } = await dial(b.url, { trust: trustOf("a"), tls: undefined, signal });
      const ended = new Promise<void>((resolve) => frames.onEnd = () => resolve());
      frames.send(what === "no number" ? session.seal(MESSAGE, "commands x") : head(MESSAGE_MAX + 1));
      await ended;
      assert.deepEqual(b.taken, []);
    }));
}

function command(key: string, userId: string): unknown {
  return ["coupon", key, 4_000, 0, claim(userId)];
}

/** Asks a node as a peer of it; the answers of all lines, and the status. */
async function askAsPeer(
  node: RealNode,
  what: string,
  message: string,
  onLine: (line: unknown) => void = () => {},
): Promise<{ status: number; lines: unknown[] }> {
  const { frames, session } = await dial(node.url, {
    trust: node.trustOf("x9"),
    tls: undefined,
    signal: new AbortController().signal,
  });
  frames.frameMax = MESSAGE_MAX;
  const lines: unknown[] = [];
  const status = await new Promise<number>((resolve) => {
    frames.onEnd = () => resolve(0);
    frames.onFrame = (frame) => {
      const [, status, line] = /^0 (\d+)(?: (.*))?$/s.exec(session.open(frame)!.text)!;
      if (line !== undefined) {
        lines.push(JSON.parse(line));
        onLine(lines.at(-1));
      }
      if (status !== "0") resolve(Number(status));
    };
    frames.send(session.seal(MESSAGE, `0 ${what} ${message}`));
  });
  frames.close();
  return { status, lines };
}

Deno.test("garbage, unknown messages and unknown versions of a peer are refused and harm nobody", () =>
  withNodes(1, async (node) => {
    await node.coupons.ask("promo", create(terms("Promo", 5)));
    const batch = Array.from({ length: 1_001 }, (_, user) => command("promo", `u${user}`));
    const texts = ["", "{", "null", "[]", "[9]", "[5,1,[]]", "[3,1,[]]", "[4,1,[[]]]", '[4,1,"x"]', "\u0000"];
    for (const text of [...texts, JSON.stringify([4, 1, batch])]) {
      assert.equal((await askAsPeer(node, "commands", text)).status, 400, text.slice(0, 30));
    }
    assert.equal((await askAsPeer(node, "nothing", "")).status, 404);
    assert.deepEqual(node.store.holders("promo"), []);
    const { lines } = await askAsPeer(node, "ping", "");
    assert.equal((lines[0] as { id: string }).id, "n1");
    assert.equal((await node.coupons.ask("promo", claim("u"))).kind, "done");
  }));

Deno.test("a peer greets and says good-bye for itself alone, whatever it says", () =>
  withNodes(2, async (one) => {
    const told = JSON.stringify([4, "n2", 9_000_000_000_000_000]);
    assert.equal((await askAsPeer(one, "leave", told)).status, 200);
    assert.equal(
      (await askAsPeer(one, "greet", JSON.stringify([4, { ...one.cluster.options.self, id: "n7" }]))).status,
      200,
    );
    assert.deepEqual(one.cluster.membership.view.ring.nodes, ["n1", "n2"], "x9 has left, and n7 was never there");
  }));

Deno.test("commands of a peer are understood; one that is unknown harms no other of its batch", () =>
  withNodes(1, async (node) => {
    await node.coupons.ask("promo", create(terms("Promo", 5)));
    const unknown = ["coupon", "promo", 4_000, 0, { id: crypto.randomUUID(), kind: "transfer" }];
    const commands = [command("promo", "a"), unknown, ["sail", "x", 1, 0, { id: "y" }], command("promo", "a")];
    const { lines } = await askAsPeer(node, "commands", JSON.stringify([PROTOCOL, Math.floor(Date.now()), commands]));
    const answers = (lines.flat() as [number, number, unknown][]).sort((a, b) => a[0] - b[0]);
    assert.deepEqual(answers.map(([place, code]) => [place, code]), [[0, 0], [1, 2], [2, 2], [3, 1]]);
    assert.deepEqual(answers.slice(1).map(([, , value]) => value), ["data_error", "data_error", "already_claimed"]);
  }));

Deno.test("answers that fall together are one line; others stream as they fall, and wait for none", () =>
  withNodes(1, async (node) => {
    for (const key of ["promo", "slow"]) await node.coupons.ask(key, create(terms(key, 5)));
    const send = (onLine: () => void, ...commands: unknown[]) =>
      askAsPeer(node, "commands", JSON.stringify([PROTOCOL, Math.floor(Date.now()), commands]), onLine);
    const whole = await send(() => {}, command("promo", "a"), command("promo", "b"));
    assert.deepEqual(whole.lines.map((line) => (line as unknown[]).length), [2]);
    const { promise, resolve } = Promise.withResolvers<void>();
    node.store.gate = promise;
    // The other is not decided until the first line has come.
    const streamed = await send(resolve, command("slow", "a"), ["sail", "x", 1, 0, { id: "y" }]);
    assert.deepEqual(streamed.lines[0], [[1, 2, "data_error"]]);
    assert.deepEqual((streamed.lines[1] as unknown[][])[0]!.slice(0, 2), [0, 0]);
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
