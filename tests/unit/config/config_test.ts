import assert from "node:assert/strict";
import { ConfigError, readConfig, settingNames } from "../../../src/config/config.ts";

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
    headerTimeoutMs: 10_000,
    itemsPerSale: 10_000,
    purchaseLimit: 10,
    checkoutMode: "exclusive",
    checkoutTtlMs: 30_000,
    saleCloses: "sold_out",
    salesAhead: 1,
    keepAttemptsMs: 2_592_000_000,
    cluster: undefined,
    auditEveryMs: 600_000,
    callers: undefined,
    rateLimit: 0,
    corsOrigins: [],
    allowedHosts: [],
    trustProxy: false,
  });
  assert.equal(readConfig({ CHECKOUT_MODE: "open" }).checkoutTtlMs, 3_600_000);
});

const [ADMIN_TOKEN, SERVICE_TOKEN, JWT_SECRET] = ["admin", "service", "jwt"].map((name) => name.padEnd(32, "-")) as [
  string,
  string,
  string,
];

/** What tokens by a set of keys must say. */
const CLAIMS = { JWT_ISSUER: "https://login.example", JWT_AUDIENCE: "the shop" };

Deno.test("readConfig() wants to know whose tokens are taken, and for whom, where JWKS_FILE is set", () => {
  const { jwtIssuer, jwtAudience } = readConfig({ JWKS_FILE: "/keys.json", ...CLAIMS }).callers!;
  assert.deepEqual([jwtIssuer, jwtAudience], [CLAIMS.JWT_ISSUER, CLAIMS.JWT_AUDIENCE]);
  assert.equal(readConfig({ JWT_SECRET, JWT_ISSUER: "me" }).callers!.jwtIssuer, "me");
  for (const name of ["JWT_ISSUER", "JWT_AUDIENCE"]) {
    const refused = (env: Record<string, string>, line: RegExp) =>
      assert.throws(() => readConfig(env), { name: "ConfigError", message: line }, JSON.stringify(env));
    refused(
      { JWKS_FILE: "/keys.json", ...CLAIMS, [name]: "" },
      new RegExp(`^${name}=: must be set if JWKS_FILE is set`),
    );
    refused({ SERVICE_TOKEN, [name]: "x" }, new RegExp(`^${name}=x: must be unset if neither`));
    for (const value of [" ", " x", "x ", "a\tb", "a\nb", "a  b", "a\u200bb", "x".repeat(256)]) {
      refused({ JWT_SECRET, [name]: value }, new RegExp(`^${name}=.*: must be 1 to 255 visible characters`, "s"));
    }
  }
});

Deno.test("readConfig() lets a node listen beyond loopback only where it can know its callers", () => {
  const open = (env: Record<string, string>) => readConfig({ HOST: "0.0.0.0", ...env });
  const least = [{ SERVICE_TOKEN }, { JWT_SECRET }, { JWKS_FILE: "/keys.json", ...CLAIMS }];
  for (const env of least) {
    assert.equal(open({ ADMIN_TOKEN, ...env }).host, "0.0.0.0", JSON.stringify(env));
    assert.throws(() => open(env), /^ConfigError: ADMIN_TOKEN=: must be set, since HOST=0.0.0.0/);
  }
  assert.throws(
    () => open({ ADMIN_TOKEN }),
    /^ConfigError: SERVICE_TOKEN=: must be set, .*; or JWT_SECRET, or JWKS_FILE$/,
  );
  for (const HOST of ["127.0.0.1", "127.8.8.8", "::1", "localhost"]) {
    assert.equal(readConfig({ HOST }).callers, undefined, HOST);
  }
  for (const HOST of ["::", "10.0.0.7", "127.evil.example", "localhost.example", "128.0.0.1"]) {
    assert.throws(() => readConfig({ HOST }), /^ConfigError: ADMIN_TOKEN=/, HOST);
  }
});

Deno.test("readConfig() counts checkouts beyond loopback, and there unless told otherwise", () => {
  const tokens = { ADMIN_TOKEN, SERVICE_TOKEN };
  assert.equal(readConfig(tokens).rateLimit, 0);
  assert.equal(readConfig({ ...tokens, HOST: "0.0.0.0" }).rateLimit, 60);
  assert.equal(readConfig({ ...tokens, HOST: "0.0.0.0", RATE_LIMIT: "0" }).rateLimit, 0);
  assert.equal(readConfig({ RATE_LIMIT: "7" }).rateLimit, 7);
});

Deno.test("readConfig() takes one secret for one purpose, and one way to sign users' tokens; it tells no secret", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [
      { ADMIN_TOKEN, SERVICE_TOKEN: ADMIN_TOKEN },
      /^SERVICE_TOKEN=\*\*\*: must be a secret that is used for nothing else$/,
    ],
    [{ ADMIN_TOKEN, JWT_SECRET: ADMIN_TOKEN }, /^JWT_SECRET=\*\*\*/],
    [{ SERVICE_TOKEN, JWT_SECRET: SERVICE_TOKEN }, /^JWT_SECRET=\*\*\*/],
    [{ JWT_SECRET, JWKS_FILE: "/keys.json" }, /^JWKS_FILE=\/keys.json: must be unset if JWT_SECRET is set/],
  ];
  for (const [env, line] of cases) assert.throws(() => readConfig(env), { name: "ConfigError", message: line });
  assert.deepEqual(readConfig({ SERVICE_TOKEN }).callers, {
    adminToken: undefined,
    serviceToken: SERVICE_TOKEN,
    jwtSecret: undefined,
    jwksFile: undefined,
    jwtIssuer: undefined,
    jwtAudience: undefined,
  }, "one token is enough to ask everyone");
});

Deno.test("readConfig() wants to know where peers find a node that listens beyond loopback", () => {
  const env = { ...REGISTRY, ADMIN_TOKEN, SERVICE_TOKEN, HOST: "0.0.0.0" };
  assert.throws(() => readConfig(env), /^ConfigError: NODE_URL=: must be a URL/);
  assert.equal(readConfig({ ...env, NODE_URL: "http://node-1:8081" }).cluster!.nodeUrl, "http://node-1:8081");
});

const REGISTRY = {
  DATABASE_URL: "postgres://doorbuster@127.0.0.1/doorbuster",
  UPSTASH_REDIS_REST_URL: "http://127.0.0.1:8079",
  UPSTASH_REDIS_REST_TOKEN: "token",
  CLUSTER_SECRET: "sixteen-characters-or-more",
};

Deno.test("readConfig() refuses a cluster's secret that equals another secret, and tells neither", () => {
  const { CLUSTER_SECRET } = REGISTRY;
  const tricky = "p@ss:w/rd-of-a-cluster";
  const cases: Record<string, string>[] = [
    { ADMIN_TOKEN: CLUSTER_SECRET },
    { SERVICE_TOKEN: CLUSTER_SECRET },
    { JWT_SECRET: CLUSTER_SECRET.padEnd(32, "-"), CLUSTER_SECRET: CLUSTER_SECRET.padEnd(32, "-") },
    { UPSTASH_REDIS_REST_TOKEN: CLUSTER_SECRET },
    { DATABASE_URL: "", DB_HOST: "h", DB_NAME: "d", DB_USER: "u", DB_PASSWORD: CLUSTER_SECRET },
    { UPSTASH_REDIS_REST_URL: `http://default:${CLUSTER_SECRET}@127.0.0.1:8079` },
    { DATABASE_URL: `postgres://doorbuster:${CLUSTER_SECRET}@127.0.0.1/doorbuster` },
    { DATABASE_URL: `postgres://doorbuster@127.0.0.1/doorbuster?sslmode=require&password=${CLUSTER_SECRET}` },
    { DATABASE_URL: `postgres://doorbuster:${encodeURIComponent(tricky)}@a/doorbuster`, CLUSTER_SECRET: tricky },
  ];
  for (const change of cases) {
    for (const env of [{ ...REGISTRY, ...change }, { CLUSTER_SECRET, ...change }]) { // alone as well
      const message = /^CLUSTER_SECRET=\*\*\*: must be a secret that is used for nothing else$/m;
      assert.throws(() => readConfig(env), { name: "ConfigError", message }, JSON.stringify(change));
    }
  }
  assert.equal(readConfig({ ...REGISTRY, ADMIN_TOKEN }).cluster!.secret, CLUSTER_SECRET);
});

Deno.test("readConfig() makes a node one of several where a registry is named", () => {
  const { nodeId, ...cluster } = readConfig({ ...REGISTRY, HEARTBEAT: "500ms" }).cluster!;
  assert.match(nodeId, /^node-[0-9a-f]{8}$/);
  assert.deepEqual(cluster, {
    redisUrl: "http://127.0.0.1:8079",
    redisToken: "token",
    nodeUrl: "http://127.0.0.1:8081",
    port: 8081,
    secret: "sixteen-characters-or-more",
    tls: undefined,
    heartbeatMs: 500,
    expiryMs: 1_500,
    joinActivations: 1_000,
  });
});

Deno.test("readConfig() has nodes speak by TLS where each has a certificate, and says so to the others", () => {
  const [CLUSTER_TLS_CERT, CLUSTER_TLS_KEY, CLUSTER_TLS_CA] = ["/tls/cert.pem", "/tls/key.pem", "/tls/ca.pem"];
  const tls = { CLUSTER_TLS_CERT, CLUSTER_TLS_KEY };
  const read = (env: Record<string, string>) => readConfig({ ...REGISTRY, ...env }).cluster!;
  assert.deepEqual(read(tls).tls, { cert: CLUSTER_TLS_CERT, key: CLUSTER_TLS_KEY, ca: undefined });
  assert.equal(read({ ...tls, CLUSTER_TLS_CA }).tls!.ca, CLUSTER_TLS_CA);
  assert.equal(read(tls).nodeUrl, "https://127.0.0.1:8081");
  assert.equal(read({ ...tls, NODE_URL: "https://node-1:8081/" }).nodeUrl, "https://node-1:8081");
  const cases: [Record<string, string>, RegExp][] = [
    [{ CLUSTER_TLS_CERT }, /^CLUSTER_TLS_KEY=: must be set, since CLUSTER_TLS_CERT is$/],
    [{ CLUSTER_TLS_KEY }, /^CLUSTER_TLS_CERT=: must be set, since CLUSTER_TLS_KEY is$/],
    [{ CLUSTER_TLS_CA }, /^CLUSTER_TLS_CERT=: must be set, since CLUSTER_TLS_CA is$/],
    [{ ...tls, NODE_URL: "http://node-1:8081" }, /^NODE_URL=http:\/\/node-1:8081: must be a URL such as https:/],
  ];
  for (const [env, message] of cases) assert.throws(() => read(env), { name: "ConfigError", message });
});

Deno.test("readConfig() refuses half a cluster, and tells no secret", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ UPSTASH_REDIS_REST_TOKEN: "" }, /^UPSTASH_REDIS_REST_TOKEN=: must be/],
    [{ DATABASE_URL: "" }, /^DATABASE_URL=: must be set, since the nodes of a cluster serve from one PostgreSQL$/],
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

Deno.test("readConfig() refuses what is wrong of a cluster on a node that is alone too", () => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ CLUSTER_PORT: "abc" }, /^CLUSTER_PORT=abc: must be a whole number/],
    [{ CLUSTER_SECRET: "short" }, /^CLUSTER_SECRET=\*\*\*: must be at least 16/],
    [{ NODE_URL: "x" }, /^NODE_URL=x: must be a URL/],
    [{ NODE_ID: "a b" }, /^NODE_ID=a b: must be 1 to 64/],
    [{ HEARTBEAT: "0s" }, /^HEARTBEAT=0s: must be a duration/],
    [{ NODE_EXPIRY: "1ms" }, /^NODE_EXPIRY=1ms: must be a duration/],
    [{ JOIN_ACTIVATIONS: "0" }, /^JOIN_ACTIVATIONS=0: must be a whole number/],
  ];
  for (const [env, line] of cases) assert.throws(() => readConfig(env), { name: "ConfigError", message: line });
  assert.equal(readConfig({ HOST: "::1", CLUSTER_SECRET: REGISTRY.CLUSTER_SECRET }).cluster, undefined);
});

Deno.test("readConfig() puts a node's address of IPv6 in its URL as it must stand there", () => {
  assert.equal(readConfig({ ...REGISTRY, HOST: "::1" }).cluster!.nodeUrl, "http://[::1]:8081");
  for (const HOST of ["a:b", "1.2.3.4.5", "256.1.1.1"]) {
    assert.throws(() => readConfig({ HOST }), { name: "ConfigError", message: /^HOST=/ });
  }
});

Deno.test("readConfig() reads durations by their units", () => {
  const idle = (ACTOR_IDLE: string) => readConfig({ ACTOR_IDLE }).actorIdleMs;
  assert.deepEqual(["1500ms", "30s", "5m", "1h", "1d"].map(idle), [1_500, 30_000, 300_000, 3_600_000, 86_400_000]);
  assert.deepEqual(["1m30s", "1.5h", "90.5s"].map(idle), [90_000, 5_400_000, 90_500]);
  assert.equal(readConfig({ DRAIN: "0" }).drainMs, 0);
});

Deno.test("readConfig() reads words in lower and in upper case", () => {
  for (const level of ["debug", "info", "warning", "error"] as const) {
    for (const text of [level, level.toUpperCase(), level[0]!.toUpperCase() + level.slice(1)]) {
      assert.equal(readConfig({ LOG_LEVEL: text }).logLevel, level);
    }
  }
  assert.equal(readConfig({ CHECKOUT_MODE: "Open" }).checkoutMode, "open");
  assert.equal(readConfig({ SALE_CLOSES: "AT_END" }).saleCloses, "at_end");
  assert.equal(readConfig({ TRUST_PROXY: "TRUE" }).trustProxy, true);
});

Deno.test("readConfig() takes an audit every 0s for none at all, and so a time for heads of 0s", () => {
  assert.equal(readConfig({ AUDIT_EVERY: "0s" }).auditEveryMs, 0);
  assert.deepEqual(readConfig({ ALLOWED_HOSTS: " shop.test, [fd00::1]:80," }).allowedHosts, [
    "shop.test",
    "[fd00::1]:80",
  ]);
  assert.equal(readConfig({ HEADER_TIMEOUT: "0s" }).headerTimeoutMs, 0);
});

Deno.test("readConfig() refuses a wrong value by one line that names it and what is allowed", () => {
  const cases: [string, string, RegExp][] = [
    ["PORT", "abc", /^PORT=abc: must be a whole number from 0 to 65535$/],
    ["PORT", "65536", /^PORT=65536/],
    ["PORT", "-1", /^PORT=-1/],
    ["LANES", "0", /^LANES=0: must be a whole number from 1 to 64$/],
    ["LANES", "1.5", /^LANES=1.5/],
    ["MAILBOX_MAX", "1e3", /^MAILBOX_MAX=1e3/],
    ["DRAIN", "5", /^DRAIN=5: must be a duration such as 500ms, 30s, 1m30s or 1.5h/],
    ["HEADER_TIMEOUT", "61s", /^HEADER_TIMEOUT=61s: must be a duration/],
    ["REQUEST_TIMEOUT", "1ms", /^REQUEST_TIMEOUT=1ms/],
    ["ACTOR_IDLE", "5 m", /^ACTOR_IDLE=5 m/],
    ["LOG_LEVEL", "loud", /^LOG_LEVEL=loud: must be one of debug, info, warning, error$/],
    ["ALLOW_UNSAFE_DATABASE", "yes", /must be one of true, false$/],
    ["HOST", "a/b", /^HOST=a\/b: must be an address or a name/],
    ["ADMIN_TOKEN", "secret", /^ADMIN_TOKEN=\*\*\*: must be at least 16 visible ASCII characters$/],
    ["SERVICE_TOKEN", "a secret with blanks", /^SERVICE_TOKEN=\*\*\*: must be at least 16/],
    ["JWT_SECRET", "secret of thirty-one characters", /^JWT_SECRET=\*\*\*: must be at least 32/],
    ["RATE_LIMIT", "1m", /^RATE_LIMIT=1m: must be a whole number from 0 to 1000000$/],
    ["ALLOWED_HOSTS", "*", /^ALLOWED_HOSTS=\*: must be hosts such as shop.test or shop.test:8080/],
    ["ALLOWED_HOSTS", "http://shop.test", /^ALLOWED_HOSTS=/],
    ["ALLOWED_HOSTS", "shop.test,a b", /^ALLOWED_HOSTS=/],
    ["ALLOWED_HOSTS", "shop.test:99999", /^ALLOWED_HOSTS=/],
    ["ALLOWED_HOSTS", "256.1.1.1", /^ALLOWED_HOSTS=/],
    ["ALLOWED_HOSTS", "user@shop.test", /^ALLOWED_HOSTS=/],
    ["CORS_ORIGINS", "*", /^CORS_ORIGINS=\*: must be origins such as https:/],
    ["CORS_ORIGINS", "https://a.example, https://b.example/", /^CORS_ORIGINS=/],
    ["CORS_ORIGINS", "null", /^CORS_ORIGINS=null/],
    ["TRUST_PROXY", "1", /^TRUST_PROXY=1: must be one of true, false$/],
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

Deno.test("readConfig() tells no password that stands in a wrong value, of whichever setting, and one line each", () => {
  const urls = [
    "rediss://default:hunter2@eu1.upstash.io:6379",
    "redis-cli --tls -u redis://default:hunter2@eu1.upstash.io:6379",
    "default:hunter2@eu1.upstash.io:6379",
    "https://:hunter2@host",
    "https://user:a/hunter2@host",
    "https://user:a@hunter2@host",
    "https://user:a hunter2@host",
    "https://user:a\nhunter2@host",
    "rediss://default:hunter2",
    "https://host/?_token=hunter2",
    "https://host/#hunter2",
    "ftp://host?a=b&password=hunter2",
    "postgres://user:hunter2@host:5432/db",
    "postgres://user:12/hunter2@host/db",
    "postgres://host/db?password=hunter2@x",
    "host=db user=u password=hunter2",
    "host=db password = 'x hunter2'",
    "UPSTASH_REDIS_REST_TOKEN=hunter2",
  ];
  const names = [...settingNames(REGISTRY)].filter((name) => !/SECRET|TOKEN$|^JWKS_FILE$|^CLUSTER_TLS_/.test(name));
  assert(names.length > 30);
  let refused = 0;
  for (const name of names) {
    for (const value of urls) {
      try {
        readConfig({ ...REGISTRY, [name]: value });
      } catch (error) {
        const { message } = error as Error;
        refused++;
        assert(error instanceof ConfigError && message.startsWith(`${name}=`), message);
        assert(!message.includes("hunter2") && !message.includes("\n"), message);
      }
    }
  }
  assert(refused > names.length * urls.length * 0.8, `${refused} refused`);
  for (const name of ["UPSTASH_REDIS_REST_URL", "NODE_URL", "CORS_ORIGINS", "DATA_DIR"]) {
    for (const value of urls.filter((url) => /^[a-z]+:\/\//.test(url) && (name !== "DATA_DIR" || url.includes("@")))) {
      assert.throws(() => readConfig({ ...REGISTRY, [name]: value }), { name: "ConfigError" }, `${name}=${value}`);
    }
  }
  assert.throws(() => readConfig({ ...REGISTRY, UPSTASH_REDIS_REST_URL: urls[0]! }), {
    message: "UPSTASH_REDIS_REST_URL=rediss://***@eu1.upstash.io:6379: must be a URL such as http://host:8081, " +
      "without user, password or query",
  });
});

Deno.test("readConfig() tells of every wrong setting at once, a line each, and of none twice", () => {
  const env = {
    ...{ HOST: "a/b", PORT: "abc", CHECKOUT_MODE: "shared", CHECKOUT_TTL: "0s", HEARTBEAT: "1", NODE_EXPIRY: "1s" },
    ...{ UPSTASH_REDIS_REST_URL: "redis", ADMIN_TOKEN: "secret", RATE_LIMIT: "many", TRUST_PROXY: "1", LANES: "2" },
  };
  assert.throws(() => readConfig(env), (error) => {
    assert(error instanceof ConfigError);
    assert.deepEqual(error.message.split("\n").map((line) => line.slice(0, line.indexOf("="))), [
      ...["HOST", "PORT", "DATABASE_URL", "CHECKOUT_MODE", "CHECKOUT_TTL", "HEARTBEAT", "NODE_EXPIRY"],
      ...["CLUSTER_SECRET", "UPSTASH_REDIS_REST_URL", "UPSTASH_REDIS_REST_TOKEN", "ADMIN_TOKEN", "RATE_LIMIT"],
      "TRUST_PROXY",
    ]);
    assert(!error.message.includes("secret"));
    return true;
  });
  assert.throws(() => readConfig({ HOST: "0.0.0.0" }), {
    message: "ADMIN_TOKEN=: must be set, since HOST=0.0.0.0 is beyond loopback\n" +
      "SERVICE_TOKEN=: must be set, since HOST=0.0.0.0 is beyond loopback; or JWT_SECRET, or JWKS_FILE",
  });
});
