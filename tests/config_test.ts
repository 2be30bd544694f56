import assert from "node:assert/strict";
import { ConfigError, readConfig } from "../src/config.ts";

Deno.test("readConfig() fills in the documented defaults", () => {
  assert.deepEqual({ ...readConfig({}) }, {
    host: "127.0.0.1",
    port: 8080,
    logLevel: "info",
    databaseUrl: undefined,
    dataDir: "./data",
    allowUnsafeDatabase: false,
    lanes: 1,
    mailboxMax: 4096,
    actorsAwakeMax: 10_000,
    actorIdleMs: 300_000,
    requestTimeoutMs: 5_000,
    drainMs: 2_000,
    itemsPerSale: 10_000,
    purchaseLimit: 10,
    checkoutMode: "exclusive",
    checkoutTtlMs: 30_000,
    saleCloses: "sold_out",
    salesAhead: 1,
    keepAttemptsMs: 2_592_000_000,
    cluster: undefined,
    auditEveryMs: 600_000,
  });
  assert.equal(readConfig({ CHECKOUT_MODE: "open" }).checkoutTtlMs, 3_600_000);
});

const REGISTRY = {
  UPSTASH_REDIS_REST_URL: "http://127.0.0.1:8079",
  UPSTASH_REDIS_REST_TOKEN: "token",
  CLUSTER_SECRET: "sixteen-characters-or-more",
};

Deno.test("readConfig() makes a node one of several where a registry is named", () => {
  const { nodeId, ...cluster } = readConfig({ ...REGISTRY, HEARTBEAT: "500ms" }).cluster!;
  assert.match(nodeId, /^node-[0-9a-f]{8}$/);
  assert.deepEqual(cluster, {
    redisUrl: "http://127.0.0.1:8079",
    redisToken: "token",
    nodeUrl: "http://127.0.0.1:8081",
    port: 8081,
    secret: "sixteen-characters-or-more",
    heartbeatMs: 500,
    expiryMs: 1_500,
    joinActivations: 1_000,
  });
});

Deno.test("readConfig() refuses half a cluster, and tells no secret", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ UPSTASH_REDIS_REST_TOKEN: "" }, /^UPSTASH_REDIS_REST_TOKEN=: must be/],
    [{ UPSTASH_REDIS_REST_URL: "" }, /^UPSTASH_REDIS_REST_URL=: must be a URL/],
    [{ CLUSTER_SECRET: "too short" }, /^CLUSTER_SECRET=\*\*\*: must be at least 16/],
    [{ NODE_ID: "a b" }, /^NODE_ID=a b: must be 1 to 64/],
    [{ NODE_URL: "host:8081" }, /^NODE_URL=host:8081: must be a URL/],
    [{ NODE_EXPIRY: "1s" }, /^NODE_EXPIRY=1s: must be a duration/],
  ];
  for (const [change, line] of cases) {
    assert.throws(() => readConfig({ ...REGISTRY, ...change }), { name: "ConfigError", message: line });
  }
});

Deno.test("readConfig() reads durations by their units", () => {
  const idle = (ACTOR_IDLE: string) => readConfig({ ACTOR_IDLE }).actorIdleMs;
  assert.deepEqual(["1500ms", "30s", "5m", "1h", "1d"].map(idle), [1_500, 30_000, 300_000, 3_600_000, 86_400_000]);
});

Deno.test("readConfig() takes an audit every 0s for none at all", () => {
  assert.equal(readConfig({ AUDIT_EVERY: "0s" }).auditEveryMs, 0);
});

Deno.test("readConfig() refuses a wrong value by one line that names it and what is allowed", () => {
  const cases: [string, string, RegExp][] = [
    ["PORT", "abc", /^PORT=abc: must be a whole number from 0 to 65535$/],
    ["PORT", "65536", /^PORT=65536/],
    ["PORT", "-1", /^PORT=-1/],
    ["LANES", "0", /^LANES=0: must be a whole number from 1 to 64$/],
    ["LANES", "1.5", /^LANES=1.5/],
    ["MAILBOX_MAX", "1e3", /^MAILBOX_MAX=1e3/],
    ["DRAIN", "5", /^DRAIN=5: must be a duration such as 500ms, 30s, 5m or 1h/],
    ["REQUEST_TIMEOUT", "1ms", /^REQUEST_TIMEOUT=1ms/],
    ["ACTOR_IDLE", "5 m", /^ACTOR_IDLE=5 m/],
    ["LOG_LEVEL", "loud", /^LOG_LEVEL=loud: must be one of debug, info, warning, error$/],
    ["ALLOW_UNSAFE_DATABASE", "yes", /must be one of true, false$/],
    ["HOST", "0.0.0.0", /^HOST=0.0.0.0: must be a loopback address/],
    ["DATABASE_URL", "mysql://u:secret@h/d", /^DATABASE_URL=\*\*\*: must be a URL such as postgres:/],
    ["DATABASE_URL", "postgres://h", /^DATABASE_URL=/],
    ["ITEMS_PER_SALE", "0", /^ITEMS_PER_SALE=0: must be a whole number from 1 to 999999$/],
    ["CHECKOUT_MODE", "shared", /must be one of exclusive, open$/],
    ["SALE_CLOSES", "never", /must be one of sold_out, at_end$/],
    ["CHECKOUT_TTL", "0s", /^CHECKOUT_TTL=0s: must be a duration/],
    ["SALES_AHEAD", "25", /^SALES_AHEAD=25/],
    ["AUDIT_EVERY", "25h", /^AUDIT_EVERY=25h: must be a duration/],
  ];
  for (const [name, value, line] of cases) {
    assert.throws(() => readConfig({ [name]: value }), (error) => {
      assert(error instanceof ConfigError && line.test(error.message), (error as Error).message);
      assert(!error.message.includes("secret") && !error.message.includes("\n"));
      return true;
    });
  }
});
