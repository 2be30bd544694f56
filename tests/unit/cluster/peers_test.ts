import assert from "node:assert/strict";
import { type Failure, forwardOf } from "../../../src/cluster/forward.ts";
import { selfMember } from "../../../src/cluster/mod.ts";
import { Peers } from "../../../src/cluster/peers.ts";
import { ClusterView } from "../../../src/cluster/cluster_view.ts";
import type { Transport } from "../../../src/cluster/transport.ts";
import { claim } from "../../support/commands.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

const [BEFORE, AFTER] = [selfMember("b", "http://old:1", 1), selfMember("b", "http://new:1", 2)];

/** Ways on which nothing is answered: where each batch went, and what came back and why. */
function makePeers() {
  const sent: string[] = [];
  const failed: [kind: Failure["kind"], url: string][] = [];
  const transport: Transport = {
    send({ url }, _what, _text, signal) {
      sent.push(url);
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve("ambiguous")));
    },
  };
  const peers = new Peers({
    transport,
    clock: new FakeClock(),
    answered() {},
    failed: (_forward, { kind }, { url }) => void failed.push([kind, url]),
  });
  const send = async (member: typeof BEFORE) => {
    const way = { resolve() {}, reject() {} };
    peers.to(member).send(
      forwardOf({
        kind: "coupon",
        key: "k",
        command: claim("u"),
        deadline: 5_000,
        redirects: 0,
        mayBeStored: false,
        ...way,
      }),
    );
    await settle();
  };
  return { peers, sent, failed, send };
}

Deno.test("to() sends to the incarnation that is asked for, and gives up what is out to the one before", async () => {
  const { peers, sent, failed, send } = makePeers();
  await send(BEFORE);
  assert.equal(peers.to({ ...BEFORE }), peers.to(BEFORE));
  await send(AFTER);
  assert.deepEqual(sent, [BEFORE.url, AFTER.url]);
  assert.deepEqual(failed, [["ambiguous", BEFORE.url]]);
  peers.close();
  await settle();
  assert.deepEqual(failed.at(-1), ["ambiguous", AFTER.url]);
});

Deno.test("follow() gives up what is out to an incarnation that another has taken the place of", async () => {
  const { peers, failed, send } = makePeers();
  const view = ClusterView.alone(selfMember("a", "http://a:1", 1)).admitted(BEFORE);
  await send(BEFORE);
  peers.follow(view);
  await settle();
  assert.deepEqual(failed, []);
  peers.follow(view.admitted(AFTER));
  await settle();
  assert.deepEqual(failed, [["ambiguous", BEFORE.url]]);
});

for (const how of ["close", "follow"] as const) {
  Deno.test(`what is sent after ${how}() has a way of its own, and does not come back unsent for ever`, async () => {
    const { peers, sent, failed, send } = makePeers();
    await send(BEFORE);
    if (how === "close") peers.close();
    else peers.follow(ClusterView.alone(selfMember("a", "http://a:1", 1)));
    await send(BEFORE);
    assert.deepEqual([sent, failed], [[BEFORE.url, BEFORE.url], [["ambiguous", BEFORE.url]]]);
  });
}
