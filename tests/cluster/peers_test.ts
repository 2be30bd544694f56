import assert from "node:assert/strict";
import { type Failure, forwardOf } from "../../src/cluster/forward.ts";
import { selfMember } from "../../src/cluster/mod.ts";
import { Peers } from "../../src/cluster/peers.ts";
import type { Transport } from "../../src/cluster/transport.ts";
import { claim } from "../support/commands.ts";
import { FakeClock, settle } from "../support/fake_clock.ts";

Deno.test("to() sends to the incarnation that is asked for, and gives up what is out to the one before", async () => {
  const sent: string[] = [];
  const failed: [kind: Failure["kind"], url: string][] = [];
  const transport: Transport = {
    send(url, _path, _message, signal) {
      sent.push(url);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("given up"))));
    },
  };
  const peers = new Peers({
    transport,
    clock: new FakeClock(),
    answered() {},
    failed: (_forward, { kind }, { url }) => void failed.push([kind, url]),
  });
  const [before, after] = [selfMember("b", "http://old:1", 1), selfMember("b", "http://new:1", 2)];
  const forward = () => {
    const way = { resolve() {}, reject() {} };
    return forwardOf({ kind: "coupon", key: "k", command: claim("u"), deadline: 5_000, handed: 0, ...way });
  };
  peers.to(before).send(forward());
  await settle();
  assert.equal(peers.to({ ...before }), peers.to(before));
  peers.to(after).send(forward());
  await settle();
  assert.deepEqual(sent, [before.url, after.url]);
  assert.deepEqual(failed, [["ambiguous", before.url]]);
  peers.close();
  await settle();
  assert.deepEqual(failed.at(-1), ["ambiguous", after.url]);
});
