/** How does a server leave, and when does it refuse to start? */
import assert from "node:assert/strict";
import { startPostgres } from "../../tools/services.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, claim, createCoupon, refusedStart, startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const AMOUNT = 1_000_000;
const WORKERS = 40;
/** What stopping may take, whatever hangs. */
const STOP_MS = 15_000;

async function withNode(
  body: (node: TestNode, databaseUrl: string) => Promise<void>,
  drainMs: number = 500,
): Promise<void> {
  const databaseUrl = await freshDatabase();
  const node = await startNode({ databaseUrl, env: { DRAIN: `${drainMs}ms` } });
  try {
    await createCoupon(node.url, "stop", AMOUNT);
    await body(node, databaseUrl);
  } finally {
    await node.kill();
  }
}

/** What became of requests: how often each status, or how a request was lost. */
type Counts = Record<string, number>;

function count(counts: Counts, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

async function stopWithin(node: TestNode): Promise<number> {
  const since = performance.now();
  assert.equal(await node.stop(), 0, node.lastLines());
  const ms = performance.now() - since;
  assert(ms < STOP_MS, `stopped after ${ms} ms`);
  return Math.round(ms);
}

/** What was answered, by another server on the same database. */
async function auditAfter(databaseUrl: string, counts: Counts): Promise<void> {
  const node = await startNode({ databaseUrl });
  try {
    const { body } = await ask(node.url, "GET", "/api/coupons/stop");
    assert.equal(body["claimed_count"], counts["200"], "as many claims are stored as were answered");
  } finally {
    await node.kill();
  }
}

Deno.test("stop() by SIGTERM under load answers all that came before clients saw it unready, and exits with 0", async () => {
  await withNode(async (node, databaseUrl) => {
    const counts: Counts = {};
    let user = 0;
    let isReady = true;
    const clients = Array.from({ length: WORKERS }, async () => {
      while (isReady) {
        const reply = await claim(node.url, `user-${user++}`, "stop").catch((error) => String(error.cause));
        count(counts, typeof reply === "string" ? reply : String(reply.status));
      }
    });
    await until(() => (counts["200"] ?? 0) >= 1_000, { what: "load" });
    const stopped = stopWithin(node);
    // As a load balancer does: a connection made later may find the listener closing.
    await until(async () => {
      isReady = (await ask(node.url, "GET", "/readyz")).status === 200;
      return !isReady;
    }, { what: "a server that leaves to be unready" });
    await Promise.all(clients);
    console.log(`Stopped in ${await stopped} ms; ${JSON.stringify(counts)}`);
    assert.deepEqual(Object.keys(counts), ["200"], "each request is answered");
    await auditAfter(databaseUrl, counts);
  });
});

/** A client of one connection, which it keeps until it is told to close it: as a proxy does, which repeats no POST. */
async function keepAsking(node: TestNode, user: () => string, counts: Counts): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(node.url).port) });
  const buffer = new Uint8Array(8_192);
  try {
    for (let isOpen = true; isOpen;) {
      const body = JSON.stringify({ user_id: user(), coupon_name: "stop" });
      const head = `POST /api/coupons/claim HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n`;
      await connection.write(new TextEncoder().encode(`${head}Content-Length: ${body.length}\r\n\r\n${body}`));
      let answer = "";
      for (let isWhole = false; !isWhole;) {
        const size = await connection.read(buffer);
        if (size === null) return count(counts, answer === "" ? "closed unanswered" : "cut off");
        answer += new TextDecoder().decode(buffer.subarray(0, size));
        const [, length, content] = /content-length: (\d+)[^]*?\r\n\r\n([^]*)$/i.exec(answer) ?? [];
        isWhole = content !== undefined && content.length >= Number(length);
      }
      count(counts, answer.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
      isOpen = !/\r\nconnection: close\r\n/i.test(answer);
    }
    count(counts, "told to close");
  } catch (error) {
    count(counts, (error as Error).name);
  } finally {
    connection.close();
  }
}

Deno.test("stop() by SIGTERM answers each request that was sent on a kept connection, and says when it closes", async () => {
  await withNode(async (node, databaseUrl) => {
    const counts: Counts = {};
    let user = 0;
    const clients = Array.from({ length: WORKERS }, () => keepAsking(node, () => `user-${user++}`, counts));
    await until(() => (counts["200"] ?? 0) >= 1_000, { what: "load" });
    const ms = await stopWithin(node);
    await Promise.all(clients);
    console.log(`Stopped in ${ms} ms; ${JSON.stringify(counts)}`);
    await auditAfter(databaseUrl, counts);
    assert.deepEqual(counts, { "200": counts["200"], "told to close": WORKERS }, "no request that was sent is lost");
  });
});

Deno.test("stop() by SIGTERM turns unready at once, serves on for DRAIN whatever comes, and has stored what it answered", async () => {
  const drainMs = 3_000;
  await withNode(async (node, databaseUrl) => {
    const signalledAt = performance.now();
    node.signal("SIGTERM");
    const isUnready = async () => (await ask(node.url, "GET", "/readyz")).body.code === "not_ready";
    await until(isUnready, { what: "a server that leaves to be unready", everyMs: 1 });
    assert.equal((await ask(node.url, "GET", "/livez")).status, 200, "it lives");
    node.signal("SIGTERM"); // a second one changes nothing
    const counts: Counts = {};
    for (let user = 0, isOpen = true; isOpen; user++) {
      const reply = await claim(node.url, `user-${user}`, "stop").catch(() => undefined);
      isOpen = reply !== undefined;
      if (isOpen) count(counts, String(reply!.status));
    }
    const servedMs = performance.now() - signalledAt;
    assert.deepEqual(Object.keys(counts), ["200"], "each request is answered");
    assert(servedMs >= drainMs, `served on for ${servedMs} ms`);
    assert.equal(await node.stop(), 0, node.lastLines());
    await auditAfter(databaseUrl, counts);
  }, drainMs);
});

for (const headerTimeout of ["10s", "0s"]) {
  Deno.test(`stop() by SIGTERM waits for no body that does not arrive, with HEADER_TIMEOUT=${headerTimeout}`, async () => {
    const env = { DRAIN: "0ms", REQUEST_TIMEOUT: "500ms", HEADER_TIMEOUT: headerTimeout };
    const node = await startNode({ databaseUrl: await freshDatabase(), env });
    const { hostname, port } = new URL(node.url);
    const clients: Deno.TcpConn[] = [];
    try {
      const head =
        `HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{`;
      const silent = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
      for (
        const sent of [`POST /api/coupons ${head}`, `POST /nowhere ${head}`, "GET /livez HTTP/1.1\r\n", silent, ""]
      ) {
        const client = await Deno.connect({ hostname, port: Number(port) });
        clients.push(client);
        await client.write(new TextEncoder().encode(sent));
      }
      assert.equal((await ask(node.url, "GET", "/livez")).status, 200, "by now all have been read");
      await stopWithin(node);
    } finally {
      for (const client of clients) client.close();
      await node.kill();
    }
  });
}

Deno.test("stop() by SIGTERM ends in time and with 0 where PostgreSQL is gone and claims wait", async () => {
  const postgres = await startPostgres();
  try {
    const node = await startNode({ databaseUrl: await postgres.createDatabase(), env: { DRAIN: "500ms" } });
    try {
      await createCoupon(node.url, "stop", AMOUNT);
      assert.equal((await claim(node.url, "user", "stop")).status, 200);
      await postgres.kill();
      const replies = Array.from({ length: 20 }, (_, place) => claim(node.url, `user-${place}`, "stop"));
      await stopWithin(node);
      for (const { status } of await Promise.all(replies)) assert.equal(status, 503);
    } finally {
      await node.kill();
    }
  } finally {
    await postgres.stop();
  }
});

/** One clear line a reason, and exit code 1. */
function assertRefused({ code, said }: { code: number; said: string }, ...parts: readonly string[]): void {
  assert.equal(code, 1, said);
  assert.match(said, /^(doorbuster: [^\n]+\n)+$/);
  for (const part of parts) assert(said.includes(part), `${JSON.stringify(part)} is not in: ${said}`);
}

Deno.test("start() refuses a DATA_DIR that another process uses, which serves on", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "doorbuster-data-" });
  try {
    const node = await startNode({ dataDir, env: { DRAIN: "0ms" } });
    try {
      await createCoupon(node.url, "stop", 5);
      assertRefused(await refusedStart({ dataDir }), `DATA_DIR=${dataDir}`, "another process");
      assert.equal((await claim(node.url, "user", "stop")).status, 200);
      assert.equal(await node.stop(), 0, node.lastLines());
      const next = await startNode({ dataDir });
      try {
        assert.equal((await claim(next.url, "user", "stop")).body.code, "already_claimed", "its data is there");
      } finally {
        await next.kill();
      }
    } finally {
      await node.kill();
    }
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});

const WRONG: readonly (readonly [name: string, value: string, allowed: string])[] = [
  ["PORT", "abc", "a whole number from 0 to 65535"],
  ["PORT", "65536", "a whole number from 0 to 65535"],
  ["LANES", "0", "a whole number from 1 to 64"],
  ["DRAIN", "5", "a duration such as 500ms, 30s, 1m30s or 1.5h"],
  ["REQUEST_TIMEOUT", "1 s", "a duration such as 500ms, 30s, 1m30s or 1.5h"],
  ["LOG_LEVEL", "loud", "one of debug, info, warning, error"],
  ["HOST", "a/b", "an address or a name"],
  ["ALLOW_UNSAFE_DATABASE", "yes", "one of true, false"],
];

Deno.test("start() refuses a wrong setting with one line: its name, its value and what is allowed", async () => {
  for (const [name, value, allowed] of WRONG) {
    const refused = await refusedStart({ env: { [name]: value } });
    assertRefused(refused, `${name}=${value}`, allowed);
    assert.equal(refused.said.split("\n").length, 2, "one line");
  }
});

Deno.test("start() refuses to listen beyond loopback without its secrets, each named in a line", async () => {
  const env: Record<string, string> = { HOST: "0.0.0.0" };
  const { code, said } = await refusedStart({ env });
  assert.equal(code, 1);
  assert.match(said, /^doorbuster: ADMIN_TOKEN=: must be set, since HOST=0\.0\.0\.0 is beyond loopback$/m);
  assert.match(said, /^doorbuster: SERVICE_TOKEN=: must be set, .* or JWT_SECRET, or JWKS_FILE$/m);
  env["ADMIN_TOKEN"] = "an-admins-own-token";
  assertRefused(await refusedStart({ env }), "SERVICE_TOKEN=", "or JWT_SECRET, or JWKS_FILE");
  env["JWKS_FILE"] = "/nowhere/keys.json";
  env["JWT_AUDIENCE"] = "doorbuster";
  assertRefused(await refusedStart({ env }), "JWT_ISSUER=", "must be set if JWKS_FILE is set");
  Object.assign(env, { JWT_ISSUER: "https://login.example", JWT_AUDIENCE: "doorbuster" });
  const refused = await refusedStart({ env });
  assertRefused(refused, "JWKS_FILE=/nowhere/keys.json", "a file with a JSON Web Key Set");
  assert(!refused.said.includes("an-admins-own-token"));
});

Deno.test("start() refuses a wrong DATABASE_URL without repeating it, since it may hold a password", async () => {
  const refused = await refusedStart({ databaseUrl: "mysql://user:secret@127.0.0.1/shop" });
  assertRefused(refused, "DATABASE_URL=***", "a URL such as postgres://");
  assert(!refused.said.includes("secret"));
});

Deno.test("start() tells no password of a URL that is wrong, whichever setting it stands in", async () => {
  const url = "rediss://default:hunter2@eu1.example:6379";
  const cluster = { UPSTASH_REDIS_REST_TOKEN: "token", CLUSTER_SECRET: "sixteen-characters-or-more" };
  const settings: Record<string, string>[] = [
    { ...cluster, UPSTASH_REDIS_REST_URL: url },
    { NODE_URL: url },
    { CORS_ORIGINS: url },
    { DATA_DIR: url },
    { PORT: url },
    { JWKS_FILE: url, JWT_ISSUER: "x", JWT_AUDIENCE: "y" },
  ];
  for (const env of settings) {
    const { said } = await refusedStart({ env });
    assert(said.includes("rediss://***@eu1.example:6379") && !said.includes("hunter2"), said);
  }
});

Deno.test("start() refuses a DATA_DIR that can be none with one line", async () => {
  for (const dataDir of ["/proc/none", "/etc/passwd"]) {
    assertRefused(await refusedStart({ dataDir }), `DATA_DIR=${dataDir}`, "must be a folder that can be written to");
  }
});

Deno.test("start() refuses a HOST that is not its own with one line", async () => {
  const env = { HOST: "192.0.2.1", ADMIN_TOKEN: "an-admins-own-token", JWT_SECRET: "x".repeat(32) };
  const { code, said } = await refusedStart({ databaseUrl: await freshDatabase(), env });
  assert.equal(code, 1);
  assert.match(said, /^doorbuster: HOST=192\.0\.2\.1, PORT=\d+: cannot be listened on: [^\n]+$/m);
  assert(!said.includes("    at "), said);
});

Deno.test("start() refuses a port that is in use with one line", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = listener.addr as Deno.NetAddr;
    const { code, said } = await refusedStart({ databaseUrl: await freshDatabase(), env: { PORT: String(port) } });
    const lines = said.trim().split("\n").filter((line) => !line.startsWith("{")); // beside the log's
    assert.deepEqual([code, lines.length], [1, 1], said);
    assert.match(lines[0]!, new RegExp(`^doorbuster: HOST=127.0.0.1, PORT=${port}: cannot be listened on: `));
  } finally {
    listener.close();
  }
});

Deno.test("start() refuses a PostgreSQL without fsync, unless ALLOW_UNSAFE_DATABASE=true", async () => {
  const postgres = await startPostgres({ settings: { fsync: "off" } });
  try {
    const databaseUrl = await postgres.createDatabase();
    assertRefused(await refusedStart({ databaseUrl }), "fsync=off", "ALLOW_UNSAFE_DATABASE=true");
    const node = await startNode({ databaseUrl, env: { ALLOW_UNSAFE_DATABASE: "true", DRAIN: "0ms" } });
    try {
      assert.equal((await createCoupon(node.url, "stop", 1)).status, 201);
      assert.equal(await node.stop(), 0, node.lastLines());
    } finally {
      await node.kill();
    }
  } finally {
    await postgres.stop();
  }
});
