import assert from "node:assert/strict";
import { createClient } from "@redis/client";
import type { Member } from "../../src/cluster/member.ts";
import { RedisRegistry, type Registry } from "../../src/cluster/registry.ts";
import { Seal } from "../../src/cluster/seal.ts";
import { type Gateway, startGateway } from "../../tools/redis_gateway.ts";
import { until } from "../support/until.ts";

const TOKEN = "secret";
const SEAL = new Seal("a secret of the cluster", "7300/5");

/** The real client over the wire, against the test run's Redis; keys of its own. */
async function withRegistry(
  body: (
    world: {
      gateway: Gateway;
      open: (expiryMs?: number, token?: string, seal?: Seal) => Registry;
      prefix: string;
      strangers: Member[];
    },
  ) => Promise<void>,
): Promise<void> {
  const redisUrl = Deno.env.get("TEST_REDIS_URL");
  if (!redisUrl) throw new Error("Cannot test the registry as TEST_REDIS_URL is not set: run `deno task test`");
  const gateway = await startGateway({ redisUrl, token: TOKEN });
  const prefix = `test-${crypto.randomUUID()}`;
  const strangers: Member[] = [];
  const strange = (member: Member) => void strangers.push(member);
  const open = (expiryMs = 60_000, token = TOKEN, seal = SEAL) =>
    new RedisRegistry({ url: gateway.url, token, expiryMs, timeoutMs: 2_000, prefix, seal, strange });
  try {
    await body({ gateway, open, prefix, strangers });
  } finally {
    await gateway.stop();
  }
}

function node(id: string, incarnation: number = 1): Member {
  return { id, url: `http://127.0.0.1:${8_000 + id.length}`, incarnation, version: 2 };
}

function byId(members: readonly Member[]): Member[] {
  return [...members].sort((a, b) => a.id < b.id ? -1 : 1);
}

Deno.test("list() gives every node that was written, as it was written", () =>
  withRegistry(async ({ open }) => {
    const registry = open();
    assert.deepEqual(await registry.list(), []);
    await Promise.all([node("a"), node("bb"), node("17", 1_792_000_000_000)].map((each) => open().write(each)));
    assert.deepEqual(byId(await registry.list()), [node("17", 1_792_000_000_000), node("a"), node("bb")]);
    await registry.write(node("a", 2));
    assert.deepEqual(byId(await registry.list())[1], node("a", 2));
  }));

Deno.test("a node that is not written again expires, by Redis's clock; one that is stays", () =>
  withRegistry(async ({ open, prefix }) => {
    const registry = open(300);
    await open(60_000).write(node("stays"));
    await registry.write(node("goes"));
    assert.equal((await registry.list()).length, 2);
    await until(async () => (await registry.list()).length === 1, { what: "the expiry" });
    assert.deepEqual(await registry.list(), [node("stays")]);
    const redis = await createClient({ url: Deno.env.get("TEST_REDIS_URL")! }).connect();
    assert.deepEqual(await redis.sMembers(`${prefix}:nodes`), ["stays"], "whoever lists clears up");
    redis.destroy();
    await registry.write(node("goes"));
    assert.equal((await registry.list()).length, 2, "and it may come back");
  }));

Deno.test("remove() takes this incarnation off, never a newer one", () =>
  withRegistry(async ({ open }) => {
    const registry = open();
    await registry.write(node("a", 2));
    await registry.remove(node("a", 1));
    assert.deepEqual(await registry.list(), [node("a", 2)]);
    await registry.remove(node("a", 2));
    assert.deepEqual(await registry.list(), []);
  }));

Deno.test("entries that are no nodes are left out", () =>
  withRegistry(async ({ open, prefix }) => {
    const registry = open();
    await registry.write(node("a"));
    const redis = await createClient({ url: Deno.env.get("TEST_REDIS_URL")! }).connect();
    await redis.sAdd(`${prefix}:nodes`, ["b", "c", "d"]);
    await redis.set(`${prefix}:nodes:b`, "garbage");
    await redis.set(`${prefix}:nodes:c`, `{"id":"c"}`);
    redis.destroy();
    assert.deepEqual(await registry.list(), [node("a")]);
  }));

Deno.test("nodes without this cluster's seal are left out, and told of once", () =>
  withRegistry(async ({ open, prefix, strangers }) => {
    const registry = open();
    await registry.write(node("a"));
    await open(60_000, TOKEN, new Seal("another secret", "7300/5")).write(node("b"));
    await open(60_000, TOKEN, new Seal("a secret of the cluster", "7300/6")).write(node("c"));
    const redis = await createClient({ url: Deno.env.get("TEST_REDIS_URL")! }).connect();
    await redis.sAdd(`${prefix}:nodes`, ["d", "e"]);
    await redis.set(`${prefix}:nodes:d`, JSON.stringify(node("d")));
    await redis.set(`${prefix}:nodes:e`, JSON.stringify({ ...node("e"), seal: SEAL.of(node("a")) }));
    redis.destroy();
    for (let time = 0; time < 3; time++) assert.deepEqual(await registry.list(), [node("a")]);
    assert.deepEqual(byId(strangers), [node("b"), node("c"), node("d"), node("e")]);
    await open(60_000, TOKEN, new Seal("another secret", "7300/5")).write(node("b", 2));
    await registry.list();
    assert.equal(strangers.length, 5, "it was started again");
  }));

async function assertGone(registry: Registry): Promise<void> {
  await assert.rejects(registry.list());
  await assert.rejects(registry.write(node("a")));
  await assert.rejects(registry.remove(node("a")));
}

Deno.test("every method throws where the token is wrong", () =>
  withRegistry(({ open }) => assertGone(open(60_000, "wrong"))));

Deno.test("every method throws where the registry is gone", () =>
  withRegistry(async ({ gateway, open }) => {
    await open().write(node("a"));
    await gateway.stop();
    await assertGone(open());
  }));

Deno.test("an answer that takes too long does not count", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async () => {
    await promise;
    return new Response("{}");
  });
  const registry = new RedisRegistry({
    url: `http://127.0.0.1:${server.addr.port}`,
    token: TOKEN,
    expiryMs: 1_000,
    timeoutMs: 50,
    seal: SEAL,
    strange() {},
  });
  await assert.rejects(registry.list(), { name: "TimeoutError" });
  resolve();
  await server.shutdown();
});

Deno.test("the gateway speaks the protocol: single commands, pipelines, transactions, errors, tokens", () =>
  withRegistry(async ({ gateway, prefix }) => {
    const ask = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
      const response = await fetch(gateway.url + path, {
        method: "POST",
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        body: JSON.stringify(body),
      });
      return [response.status, await response.json()];
    };
    const key = `${prefix}:k`;
    assert.deepEqual(await ask("/", ["SET", key, "ünï 🎉"]), [200, { result: "OK" }]);
    assert.deepEqual(await ask("/", ["GET", key]), [200, { result: "ünï 🎉" }]);
    const base64 = { "upstash-encoding": "base64" };
    assert.deepEqual(await ask("/", ["SET", key, "ü"], base64), [200, { result: "OK" }]);
    assert.deepEqual(await ask("/", ["MGET", key, "none"], base64), [200, { result: ["w7w=", null] }]);
    assert.deepEqual((await ask("/", ["INCR", key]))[0], 400);
    const [status, replies] = await ask("/pipeline", [["SET", key, 1], ["NOSUCH"], ["INCR", key]]);
    assert.equal(status, 200);
    assert.deepEqual([replies[0], replies[2]], [{ result: "OK" }, { result: 2 }]);
    assert.match(replies[1].error, /^ERR unknown command/);
    assert.deepEqual(await ask("/multi-exec", [["INCR", key], ["GET", key]]), [200, [{ result: 3 }, { result: "3" }]]);
    for (const body of [[], {}, "a", [[1]]]) assert.equal((await ask("/", body))[0], 400, JSON.stringify(body));
    for (const token of ["", "Bearer", "Bearer secrez", "Bearer secret2", "secret"]) {
      assert.deepEqual(await ask("/", ["GET", key], { authorization: token }), [401, { error: "Unauthorized" }]);
    }
  }));
