import assert from "node:assert/strict";
import { createClient } from "@redis/client";
import type { Member } from "../../../src/cluster/member.ts";
import { ENTRIES_MAX, ENTRY_MAX, RedisRegistry, type Registry, STRANGERS_MAX } from "../../../src/cluster/registry.ts";
import { MemberSignature } from "../../../src/cluster/member_signature.ts";
import { type Gateway, startGateway } from "../../../tools/redis_gateway.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { until } from "../../support/until.ts";

type Client = ReturnType<typeof createClient>;

const TOKEN = "secret";
const SIGNATURE = new MemberSignature("a secret of the cluster", "7300/5");

/** The real client over the wire, against the test run's Redis; keys of its own. */
async function withRegistry(
  body: (
    world: {
      gateway: Gateway;
      open: (expiryMs?: number, token?: string, signature?: MemberSignature) => Registry;
      prefix: string;
      /** Of its nodes the time is Postgres's. */
      clock: FakeClock;
      strangers: Member[];
      whys: string[];
      crowds: [ids: number, tooLong: number][];
    },
  ) => Promise<void>,
): Promise<void> {
  const redisUrl = Deno.env.get("TEST_REDIS_URL");
  if (!redisUrl) throw new Error("Cannot test the registry as TEST_REDIS_URL is not set: run `deno task test`");
  const gateway = await startGateway({ redisUrl, token: TOKEN });
  const prefix = `test-${crypto.randomUUID()}`;
  const strangers: Member[] = [];
  const whys: string[] = [];
  const strange = (member: Member, why: string) => {
    strangers.push(member);
    whys.push(`${member.id} ${why}`);
  };
  const clock = new FakeClock();
  const crowds: [ids: number, tooLong: number][] = [];
  const crowded = (...crowd: [number, number]) => void crowds.push(crowd);
  const open = (expiryMs = 60_000, token = TOKEN, signature = SIGNATURE) =>
    new RedisRegistry({
      url: gateway.url,
      token,
      expiryMs,
      timeoutMs: 2_000,
      prefix,
      signature,
      clock,
      events: { strange, registryCrowded: crowded },
    });
  try {
    await body({ gateway, open, prefix, clock, strangers, whys, crowds });
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

Deno.test("nodes without this cluster's signature are left out, and told of once", () =>
  withRegistry(async ({ open, prefix, clock, strangers }) => {
    const registry = open();
    const until = clock.shared() + 60_000;
    await registry.write(node("a"));
    await open(60_000, TOKEN, new MemberSignature("another secret", "7300/5")).write(node("b"));
    await open(60_000, TOKEN, new MemberSignature("a secret of the cluster", "7300/6")).write(node("c"));
    const redis = await createClient({ url: Deno.env.get("TEST_REDIS_URL")! }).connect();
    await redis.sAdd(`${prefix}:nodes`, ["d", "e"]);
    await redis.set(`${prefix}:nodes:d`, JSON.stringify(node("d")));
    await redis.set(`${prefix}:nodes:e`, JSON.stringify({ ...node("e"), until, seal: SIGNATURE.of(node("a"), until) }));
    redis.destroy();
    for (let time = 0; time < 3; time++) assert.deepEqual(await registry.list(), [node("a")]);
    assert.deepEqual(byId(strangers), [node("b"), node("c"), node("d"), node("e")]);
    await open(60_000, TOKEN, new MemberSignature("another secret", "7300/5")).write(node("b", 2));
    await registry.list();
    assert.equal(strangers.length, 5, "it was started again");
  }));

Deno.test("an entry that was recorded and is written back does not count once its time is over, and is told of", () =>
  withRegistry(async ({ open, prefix, clock, whys }) => {
    const registry = open(3_000);
    await registry.write(node("a"));
    await withRedis(async (redis) => {
      const recorded = await redis.get(`${prefix}:nodes:a`);
      await registry.remove(node("a"));
      await redis.sAdd(`${prefix}:nodes`, "a");
      await redis.set(`${prefix}:nodes:a`, recorded!);
      await clock.advance(4_000); // clocks of two nodes may differ by a second
      assert.deepEqual(await registry.list(), [node("a")]);
      await clock.advance(1);
      for (let look = 0; look < 2; look++) assert.deepEqual(await registry.list(), []);
      assert.deepEqual(whys, ["a stale"]);
      for (const [from, to] of [['"until":', '"until":1'], ['"incarnation":1', '"incarnation":2'], ["8001", "8002"]]) {
        await redis.set(`${prefix}:nodes:a`, recorded!.replace(from!, to!));
        assert.deepEqual(await registry.list(), [], String(from));
      }
      assert.deepEqual(whys.slice(1), ["a unsigned", "a unsigned", "a unsigned"]);
      clock.epoch -= 3_600_000;
      await redis.set(`${prefix}:nodes:a`, recorded!);
      assert.deepEqual(await registry.list(), [], "of a time to come");
    });
    await registry.write(node("a", 2));
    assert.deepEqual(await registry.list(), [node("a", 2)]);
  }));

Deno.test("remove() takes off what was written again meanwhile, and nothing that only begins alike", () =>
  withRegistry(async ({ open, clock }) => {
    const registry = open();
    await registry.write(node("a", 2));
    await clock.advance(1_000);
    await open().write(node("a", 2));
    for (const other of [node("a", 1), node("a", 22), { ...node("a", 2), version: 3 }]) await registry.remove(other);
    assert.deepEqual(await registry.list(), [node("a", 2)]);
    await registry.remove(node("a", 2));
    assert.deepEqual(await registry.list(), []);
  }));

/** A Redis client of the test's own, for the time of `body`. */
async function withRedis<T>(body: (redis: ReturnType<typeof createClient>) => Promise<T>): Promise<T> {
  const redis = createClient({ url: Deno.env.get("TEST_REDIS_URL")! });
  await redis.connect();
  try {
    return await body(redis as never);
  } finally {
    redis.destroy();
  }
}

/** Bytes that a connection to the gateway carried back while `act` ran. */
async function bytesOf(gateway: Gateway, act: (url: string) => Promise<unknown>): Promise<number> {
  let bytes = 0;
  const proxy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { method, headers } = request;
    const response = await fetch(gateway.url + new URL(request.url).pathname, {
      method,
      headers,
      body: await request.text(),
    });
    const text = await response.text();
    bytes += text.length;
    return new Response(text, { status: response.status, headers: { "content-type": "application/json" } });
  });
  await act(`http://127.0.0.1:${proxy.addr.port}`);
  await proxy.shutdown();
  return bytes;
}

Deno.test("of a registry full of strange entries at most 1,000 are fetched, and it is told once", () =>
  withRegistry(async ({ gateway, open, prefix, clock, strangers, crowds }) => {
    await withRedis(async (redis) => {
      const ids = Array.from({ length: 20_000 }, (_, at) => `fake-${at}`);
      await redis.sAdd(`${prefix}:nodes`, ids);
      const filler = "x".repeat(3_000);
      await redis.mSet(ids.map((id) => [`${prefix}:nodes:${id}`, JSON.stringify({ ...node(id), seal: filler })]));
      const registry = open();
      await registry.write(node("a"));
      const bytes = await bytesOf(gateway, async (url) => {
        const behind = new RedisRegistry({
          url,
          token: TOKEN,
          expiryMs: 60_000,
          timeoutMs: 10_000,
          prefix,
          signature: SIGNATURE,
          clock,
          events: {
            strange: (member) => void strangers.push(member),
            registryCrowded: (...crowd) => void crowds.push(crowd),
          },
        });
        for (let look = 0; look < 2; look++) {
          const listed = await behind.list();
          assert(listed.every(({ id }) => id === "a"));
        }
      });
      assert(bytes < 2 * ENTRIES_MAX * ENTRY_MAX * 4 / 3, `${bytes} bytes`);
      assert.deepEqual(crowds, [[20_001, 0]]);
      assert(strangers.length <= STRANGERS_MAX);
      for (let at = 0; at < ids.length; at += 1_000) {
        await redis.del(ids.slice(at, at + 1_000).map((id) => `${prefix}:nodes:${id}`));
      }
      await until(async () => (await registry.list()).length === 1 && await redis.sCard(`${prefix}:nodes`) === 1, {
        what: "ids without an entry to be taken off",
      });
    });
  }));

/** What whoever can write to the registry may put beside the node `a`, by the name of its test. */
const POISONS: readonly [what: string, tooLong: number, (redis: Client, nodes: string) => Promise<unknown>][] = [
  ["an entry of 8 MB", 1, async (redis, nodes) => {
    await redis.sAdd(nodes, "b");
    await redis.set(`${nodes}:b`, "x".repeat(8_000_000));
  }],
  ["an entry one byte too long", 1, async (redis, nodes) => {
    await redis.sAdd(nodes, "b");
    await redis.set(`${nodes}:b`, "x".repeat(ENTRY_MAX + 1));
  }],
  ["an id of 8 MB", 0, (redis, nodes) => redis.sAdd(nodes, "x".repeat(8_000_000))],
  ["an id with its entry, one byte too long", 0, async (redis, nodes) => {
    await redis.sAdd(nodes, "b".repeat(65));
    await redis.set(`${nodes}:${"b".repeat(65)}`, "{}");
  }],
  ["a list where an entry is to be", 0, async (redis, nodes) => {
    await redis.sAdd(nodes, "b");
    await redis.lPush(`${nodes}:b`, Array.from({ length: 1_000 }, () => "x".repeat(1_000)));
  }],
  ["bytes that are no text", 0, async (redis, nodes) => {
    await redis.sAdd(nodes, "b");
    await redis.sendCommand(["SET", `${nodes}:b`, Buffer.from([0xff, 0xfe, 0x00, 0x80])] as never);
  }],
  ["an empty id and an empty entry", 0, async (redis, nodes) => {
    await redis.sAdd(nodes, ["", "b"]);
    await redis.set(`${nodes}:b`, "");
  }],
];
for (const [what, tooLong, poison] of POISONS) {
  Deno.test(`${what} costs a node next to nothing, and hides no other`, () =>
    withRegistry(async ({ gateway, open, prefix, clock, crowds }) => {
      await open().write(node("a"));
      await withRedis((redis) => poison(redis, `${prefix}:nodes`));
      const bytes = await bytesOf(gateway, async (url) => {
        const options = { url, token: TOKEN, expiryMs: 60_000, timeoutMs: 10_000, prefix, clock, signature: SIGNATURE };
        const crowded = (...crowd: [number, number]) => void crowds.push(crowd);
        const registry = new RedisRegistry({ ...options, events: { strange() {}, registryCrowded: crowded } });
        for (let look = 0; look < 2; look++) assert.deepEqual(await registry.list(), [node("a")]);
      });
      assert(bytes < 10_000, `${bytes} bytes`);
      assert.deepEqual(crowds, tooLong > 0 ? [[2, tooLong]] : []);
    }));
}

Deno.test("a set of nodes that is no set is an error, not a list of none", () =>
  withRegistry(async ({ open, prefix }) => {
    await withRedis((redis) => redis.set(`${prefix}:nodes`, "x".repeat(8_000_000)));
    await assert.rejects(open().list(), /WRONGTYPE/);
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
    signature: SIGNATURE,
    clock: new FakeClock(),
    events: { strange() {}, registryCrowded() {} },
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
