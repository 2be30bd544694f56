import assert from "node:assert/strict";
import { PROTOCOL } from "../../../src/cluster/member.ts";
import { QUEUE_MAX } from "../../../src/cluster/peer.ts";
import { BATCH_MAX } from "../../../src/cluster/wire.ts";
import { settle } from "../../support/fake_clock.ts";
import { makePeer, type Sent } from "../../support/held_peer.ts";

Deno.test("commands of one tick leave as one batch, and answers come back as they fall", async () => {
  const { peer, sent, send, answered } = makePeer();
  const told = ["a", "b", "c"].map((user) => send(user));
  await settle();
  assert.deepEqual(sent.map(({ users }) => users), [["a", "b", "c"]]);
  sent[0]!.answer(2);
  assert.equal(await told[2], "no c");
  sent[0]!.answer(0);
  sent[0]!.answer(1);
  sent[0]!.end();
  assert.deepEqual(await Promise.all(told), ["no a", "no b", "no c"]);
  await settle();
  assert(peer.idle);
  assert.equal(answered(), 3);
});

Deno.test("a batch is written in the highest version that both nodes speak", async () => {
  for (const version of [PROTOCOL, PROTOCOL + 1]) {
    const { sent, send } = makePeer(version);
    send("a");
    send("b");
    await settle();
    assert.deepEqual(sent.map(({ what, version, runs }) => ({ what, version, runs })), [
      { what: "commands", version: PROTOCOL, runs: [2] },
    ]);
  }
});

Deno.test("three batches are out at once; while none is answered one more leaves each 5 ms", async () => {
  const { clock, sent, send } = makePeer();
  for (let user = 0; user < 6; user++) {
    send(`u${user}`);
    await settle();
  }
  assert.deepEqual(sent.map(({ users }) => users), [["u0"], ["u1"], ["u2"]]);
  await clock.advance(5);
  assert.deepEqual(sent.at(-1)!.users, ["u3", "u4", "u5"]);
  for (let user = 6; user < 9; user++) {
    send(`u${user}`);
    await clock.advance(1);
  }
  assert.equal(sent.length, 4);
  sent[0]!.answer(0);
  sent[0]!.end();
  sent[1]!.answer(0);
  sent[1]!.end();
  await clock.advance(5);
  assert.deepEqual(sent.at(-1)!.users, ["u6", "u7", "u8"]);
});

Deno.test("a batch has a limit, and so has the queue: one more is refused at once", async () => {
  const { sent, send } = makePeer();
  const told = Array.from({ length: QUEUE_MAX + 1 }, (_, user) => send(`u${user}`));
  assert.equal(await told.at(-1), "overloaded");
  await settle();
  assert.equal(sent[0]!.users.length, BATCH_MAX);
});

Deno.test("what a batch has no place for leaves with the next ones, though nobody sends one more", async () => {
  const { clock, sent, send } = makePeer();
  for (let user = 0; user < 4 * BATCH_MAX + 1; user++) send(`u${user}`);
  await settle();
  assert.deepEqual(sent.map(({ users }) => users.length), [BATCH_MAX, BATCH_MAX, BATCH_MAX]);
  await clock.advance(10);
  assert.deepEqual(sent.slice(3).map(({ users }) => users.length), [BATCH_MAX, 1]);
  assert.equal(new Set(sent.flatMap(({ users }) => users)).size, 4 * BATCH_MAX + 1);
});

Deno.test("what waits while as many batches are out as may be leaves when one is answered", async () => {
  const { clock, sent, send } = makePeer();
  for (let batch = 0; batch < 64; batch++) {
    send(`out ${batch}`);
    await clock.advance(5);
  }
  send("waits");
  await clock.advance(50);
  assert.equal(sent.length, 64);
  sent[0]!.answer(0);
  sent[0]!.end();
  await clock.advance(5);
  assert.deepEqual(sent.at(-1)!.users, ["waits"]);
});

Deno.test("retire() sends nothing that it gave back", async () => {
  const { clock, peer, sent, send, failures } = makePeer();
  send("waits");
  peer.retire();
  await clock.advance(50);
  assert.deepEqual([sent.length, failures], [0, [["waits", "unsent"]]]);
  assert(peer.idle);
});

const failures: [string, (sent: Sent) => void, string][] = [
  ["nothing listens", ({ end }) => end("never_connected"), "never_connected"],
  ["the connection is lost", ({ end }) => end("ambiguous"), "ambiguous"],
  ["the answers end too early", ({ end }) => end(), "ambiguous"],
  ["the batch is malformed to the other end", ({ end }) => end("malformed"), "rejected"],
  ["the other end knows no batches", ({ end }) => end("unknown"), "rejected"],
  ["the other end is no peer", ({ end }) => end("no_peer"), "rejected"],
  ["the other end cannot take the batch", ({ end }) => end("unavailable"), "rejected"],
];
for (const [what, act, kind] of failures) {
  Deno.test(`what is not answered when ${what} comes back as ${kind}, what is answered does not`, async () => {
    const { peer, sent, send, failures } = makePeer();
    const first = send("a");
    let isTold = false;
    send("b").then(() => isTold = true);
    await settle();
    sent[0]!.answer(0);
    act(sent[0]!);
    await settle();
    assert.equal(await first, "no a");
    assert.deepEqual(failures, [["b", kind]]);
    sent[0]!.answer(1);
    await settle();
    assert(!isTold, "too late to say anything: it is asked again");
    assert(peer.idle);
  });
}

Deno.test("a command that could not be sent in time is dropped, and nothing happened", async () => {
  const { clock, sent, send } = makePeer();
  for (let batch = 0; batch < 64; batch++) {
    send(`stuck ${batch}`, 60_000);
    await clock.advance(5);
  }
  const told = send("late", 1_000);
  await clock.advance(2_000);
  assert.equal(await told, "deadline");
  assert(!sent.some(({ users }) => users.includes("late")));
});

Deno.test("an owner that never answers gives no outcome, and its connection is given up", async () => {
  const { clock, peer, sent, send } = makePeer();
  const told = send("a", 1_000);
  await clock.advance(1_250);
  assert(!sent[0]!.isAborted(), "the owner has a little longer to tell");
  await clock.advance(750);
  assert.equal(await told, "storage_unavailable");
  assert(sent[0]!.isAborted());
  assert(peer.idle);
});

Deno.test("retire() sends back what was not sent, and lets what is out be answered", async () => {
  const { peer, sent, send, failures } = makePeer();
  const first = send("out");
  await settle();
  send("waits");
  peer.retire();
  send("later");
  assert.deepEqual(failures, [["waits", "unsent"], ["later", "unsent"]]);
  sent[0]!.answer(0);
  assert.equal(await first, "no out");
});

Deno.test("break() gives up what is out", async () => {
  const { peer, sent, send, failures } = makePeer();
  send("out");
  await settle();
  peer.break();
  await settle();
  assert.deepEqual(failures, [["out", "ambiguous"]]);
  assert(sent[0]!.isAborted());
});
