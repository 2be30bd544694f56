/** What becomes of a node at whose address something else answers? */
import assert from "node:assert/strict";
import type { Member } from "../../../src/cluster/member.ts";
import type { Status } from "../../../src/cluster/reply.ts";
import { MemberSignature } from "../../../src/cluster/member_signature.ts";
import { claim, create, terms } from "../../support/commands.ts";
import { ClusterWorld, HEARTBEAT_MS } from "../../support/cluster_world.ts";
import { fate } from "../../support/world.ts";

/** What is no peer may answer: a status, and lines where that is `answered`. */
const STRANGE: readonly (readonly [what: string, status: Status, line?: string])[] = [
  ["a server that does not know its messages", "unknown"],
  ["a server that does not understand its messages", "malformed"],
  ["a node of another secret", "no_peer"],
  ["a page", "answered", "<!doctype html>"],
  ["another protocol", "answered", '{"status":"ok"}'],
];

for (const [what, status, line] of STRANGE) {
  Deno.test(`where ${what} answers for a node, the others serve its coupons until it answers itself`, async () => {
    const world = await ClusterWorld.of("a", "b", "c");
    const { host } = world.node("c");
    const key = world.keyOf("c");
    const said = line !== undefined && { write: (tell: (line: string, isLast: boolean) => void) => tell(line, true) };
    const receive = (_from: Member, what: string) =>
      what === "ping" ? { status, ...said } : { status: status === "answered" ? "unknown" as const : status };
    world.network.listen({ ...host, receive });
    const asked = fate(world.node("a").coupons.ask(key, create(terms(key, 1))));
    await world.clock.advance(4_000);
    assert.equal(await asked, "done");
    assert.deepEqual(world.rings().slice(0, 1), ["a b"]);
    assert.deepEqual(world.node("a").gone, ["c unreachable"]);
    world.network.listen(host);
    await world.clock.advance(2 * HEARTBEAT_MS);
    assert.deepEqual(world.rings(), ["a b c", "a b c", "a b c"]);
    const claimed = fate(world.node("b").coupons.ask(key, claim("u1")));
    await world.clock.advance(100);
    assert.equal(await claimed, "done");
    assert.equal(world.node("c").counts.get("selfNotFound"), undefined, "it found itself when it joined");
  });
}

Deno.test("a node where a peer in trouble answers stays in the ring", async () => {
  const world = await ClusterWorld.of("a", "b");
  world.network.listen({ ...world.node("b").host, receive: () => ({ status: "unavailable" }) });
  const key = world.keyOf("b");
  const asked = fate(world.node("a").coupons.ask(key, create(terms(key, 1))));
  await world.clock.advance(4_000);
  assert.equal(await asked, "moved");
  assert.deepEqual(world.rings(), ["a b", "a b"]);
});

Deno.test("a node that does not find itself where its peers are to says so, once", async () => {
  const world = await ClusterWorld.of("a");
  const b = world.make("b");
  world.network.listen({ ...b.host, receive: () => ({ status: "unknown" }) });
  const joined = b.cluster.join();
  await world.clock.advance(20 * HEARTBEAT_MS);
  await joined;
  assert.equal(b.counts.get("selfNotFound"), 1);
  assert.equal(world.node("a").counts.get("selfNotFound"), undefined);
});

Deno.test("a signature holds for what was signed, with the same secret, for the same database and until the same time", () => {
  const signature = new MemberSignature("a secret of the cluster", "7300/5");
  const member = { id: "a", url: "http://a:8081", incarnation: 7, version: 3 };
  const signed = signature.of(member, 1_000);
  assert.match(signed, /^[0-9a-f]{64}$/);
  assert(signature.holds(member, 1_000, signed));
  assert(new MemberSignature("a secret of the cluster", "7300/5").holds(member, 1_000, signed));
  const others = [{ id: "b" }, { url: "http://evil:8081" }, { incarnation: 8 }, { version: 2 }];
  for (const other of others) assert(!signature.holds({ ...member, ...other }, 1_000, signed), JSON.stringify(other));
  assert(!signature.holds(member, 1_001, signed));
  assert(!new MemberSignature("another secret", "7300/5").holds(member, 1_000, signed));
  assert(!new MemberSignature("a secret of the cluster", "7300/6").holds(member, 1_000, signed));
  for (const none of [undefined, null, "", "é".repeat(64), signed.toUpperCase(), signed.slice(1), 7, [signed, 1]]) {
    assert(!signature.holds(member, 1_000, none), String(none));
  }
});
