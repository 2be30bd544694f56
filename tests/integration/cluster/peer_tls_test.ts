import assert from "node:assert/strict";
import { DIAL_MS } from "../../../src/cluster/link.ts";
import { STRANGER_MS } from "../../../src/cluster/peer_server.ts";
import { readPeerTls } from "../../../src/node/peer_tls.ts";
import { type Certificate, makeCertificate } from "../../support/certificates.ts";
import { DATABASE, Dialler, type EndOptions, Listener, SECRET } from "../../support/link_servers.ts";
import { until } from "../../support/until.ts";

async function withCertificates(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Between two nodes: all that passes. */
class Tap {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #passing: Promise<void>;
  seen = "";

  constructor(target: string) {
    this.#passing = this.#pass(Number(new URL(target).port));
  }

  url(scheme: string): string {
    return `${scheme}://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #pass(port: number): Promise<void> {
    const near = await this.#listener.accept();
    const far = await Deno.connect({ hostname: "127.0.0.1", port });
    const copy = async (from: Deno.Conn, to: Deno.Conn) => {
      const bytes = new Uint8Array(65_536);
      for (;;) {
        const size = await from.read(bytes).catch(() => null);
        if (size === null) break;
        this.seen += new TextDecoder("latin1").decode(bytes.subarray(0, size));
        for (let at = 0; at < size;) at += await to.write(bytes.subarray(at, size)).catch(() => size);
      }
      await to.closeWrite().catch(() => {});
    };
    await Promise.all([copy(near, far), copy(far, near)]);
    near.close();
    far.close();
  }

  async end(): Promise<void> {
    await this.#passing;
    this.#listener.close();
  }
}

/** What passes between two nodes while one says a text. */
async function overheard(text: string, options: EndOptions): Promise<string> {
  const b = await Listener.start(options);
  const tap = new Tap(b.url);
  const a = new Dialler(tap.url(options.tls === undefined ? "http" : "https"), options);
  const sent = a.send(text);
  await b.arrived(1);
  b.taken[0]!.sink(`answer to ${text}`, true);
  assert.deepEqual([await sent.end, sent.lines], ["answered", [`answer to ${text}`]]);
  a.link.close();
  await b.server.close();
  await tap.end();
  return tap.seen;
}

Deno.test("with TLS a reader of the network reads nothing; without it commands and answers, but never the secret", () =>
  withCertificates(async (folder) => {
    const plain = await overheard("user-4711", {});
    assert(plain.includes("commands user-4711") && plain.includes("answer to user-4711"));
    assert(!plain.includes(SECRET) && !plain.includes(DATABASE));
    const secret = await overheard("user-4711", { tls: await makeCertificate(folder, "n") });
    assert(secret.length > 500);
    for (const text of ["user-4711", "doorbuster", "commands", SECRET]) assert(!secret.includes(text), text);
  }));

Deno.test("with TLS messages and answers of any length arrive whole, many at once", () =>
  withCertificates(async (folder) => {
    const tls = await makeCertificate(folder, "n");
    const b = await Listener.start({ tls });
    const a = new Dialler(b.url, { tls });
    const texts = [0, 1, 65_536, 1_000_000].map((size) => "é".repeat(size));
    const sent = texts.map((text) => a.send(text));
    await b.arrived(texts.length);
    for (const { text, sink } of b.taken) sink(text, true);
    for (const [at, { end, lines }] of sent.entries()) {
      assert.deepEqual([await end, lines.join("")], ["answered", texts[at]]);
    }
    a.link.close();
    await b.server.close();
  }));

Deno.test("where the certificate is not good for that node, or there is none, nothing is taken", () =>
  withCertificates(async (folder) => {
    const tls = await makeCertificate(folder, "n");
    const another = await makeCertificate(folder, "another");
    const elsewhere = await makeCertificate(folder, "elsewhere", "DNS:elsewhere", tls.files.ca);
    const cases: [what: string, dials: Certificate | undefined, listens: Certificate | undefined, url?: "http"][] = [
      ["signed by another authority", tls, another],
      ["for another host", tls, elsewhere],
      ["none, though it is said to have one", tls, undefined],
      ["none, and that is said", tls, undefined, "http"],
      ["one, and it is dialled without", undefined, tls, "http"],
    ];
    for (const [what, dials, listens, scheme] of cases) {
      const b = await Listener.start(listens === undefined ? {} : { tls: listens });
      const url = `${scheme ?? "https"}://127.0.0.1:${b.server.port}`;
      const a = new Dialler(url, dials === undefined ? {} : { tls: dials });
      const end = await a.send("x").end;
      assert(end === "no_peer" || end === "unavailable", `${what}: ${end}`);
      if (!what.startsWith("none, though") && scheme === undefined) assert.equal(end, "no_peer", what);
      assert.deepEqual(b.taken, [], what);
      await b.server.close();
    }
  }));

Deno.test("a node that takes a connection and speaks no TLS is given up in time, and its connection with it", () =>
  withCertificates(async (folder) => {
    const tls = await makeCertificate(folder, "n");
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const a = new Dialler(`https://127.0.0.1:${listener.addr.port}`, { tls });
    const connection = await listener.accept();
    const bytes = new Uint8Array(10_000);
    await connection.read(bytes);
    const end = a.send("x").end;
    await a.clock.advance(DIAL_MS);
    assert.equal(await end, "unavailable");
    assert.equal(await connection.read(bytes).catch(() => null), null);
    connection.close();
    listener.close();
  }));

Deno.test("with TLS too a connection that proves nothing is closed after ten seconds", () =>
  withCertificates(async (folder) => {
    const b = await Listener.start({ tls: await makeCertificate(folder, "n") });
    for (const sent of ["", "\x16\x03\x01\x02\x00\x01"]) {
      const stranger = await Deno.connect({ hostname: "127.0.0.1", port: b.server.port });
      if (sent !== "") await stranger.write(new TextEncoder().encode(sent));
      await until(() => b.clock.timers === 1, { what: "the connection" });
      await b.clock.advance(STRANGER_MS);
      assert.equal(await stranger.read(new Uint8Array(100)).catch(() => null), null);
      stranger.close();
      assert.equal(b.clock.timers, 0);
    }
    await b.server.close();
  }));

Deno.test("readPeerTls() says which file is wrong, and nothing of what it holds", () =>
  withCertificates(async (folder) => {
    const { files, cert, key, ca } = await makeCertificate(folder, "n");
    const other = await makeCertificate(folder, "other");
    assert.deepEqual(readPeerTls(files), { cert, key, ca });
    assert.deepEqual(readPeerTls({ ...files, ca: undefined }), { cert, key, ca: undefined });
    assert.equal(readPeerTls(undefined), undefined);
    const cases: [change: Partial<typeof files>, line: RegExp][] = [
      [{ cert: `${folder}/none` }, /^CLUSTER_TLS_CERT=.*\/none: must be a file that can be read$/],
      [{ key: files.cert }, /^CLUSTER_TLS_KEY=.*: must be a PEM file with the private key of CLUSTER_TLS_CERT$/],
      [{ key: other.files.key }, /^CLUSTER_TLS_KEY=.*: must be a PEM file with the private key of CLUSTER_TLS_CERT$/],
      [{ cert: files.key }, /^CLUSTER_TLS_CERT=.*: must be a PEM file with a certificate$/],
      [{ ca: files.key }, /^CLUSTER_TLS_CA=.*: must be a PEM file with a certificate$/],
    ];
    for (const [change, message] of cases) {
      assert.throws(() => readPeerTls({ ...files, ...change }), { name: "ConfigError", message });
    }
  }));
