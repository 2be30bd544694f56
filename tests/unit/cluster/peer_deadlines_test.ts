/** What becomes of commands whose time is over, there or on their way, and does a way that is at rest hold a timer? */
import assert from "node:assert/strict";
import { DONE, FAULT, NOT_OWNER } from "../../../src/cluster/wire.ts";
import { selfMember } from "../../../src/cluster/mod.ts";
import { settle } from "../../support/fake_clock.ts";
import { makePeer } from "../../support/held_peer.ts";

Deno.test("a command that the owner could not decide in time is asked again once, then it is a fault", async () => {
  const { sent, send, failures, answered } = makePeer();
  send("first");
  const second = send("second", 5_000, true);
  await settle();
  sent[0]!.say([0, FAULT, "deadline"], [1, FAULT, "deadline"]);
  assert.equal(await second, "deadline");
  assert.deepEqual([failures, answered()], [[["first", "late"]], 1], "what is asked again is not answered yet");
});

Deno.test("any other fault of the owner's is told, and asked again by nobody", async () => {
  const { sent, send, failures } = makePeer();
  const told = send("first");
  await settle();
  sent[0]!.say([0, FAULT, "overloaded"]);
  assert.deepEqual([await told, failures], ["overloaded", []]);
});

Deno.test("of a line of answers those count that answer", async () => {
  const { sent, send, failures, answered } = makePeer();
  for (const user of ["a", "b", "c"]) send(user);
  await settle();
  sent[0]!.say([1, NOT_OWNER, selfMember("c", "http://c:8081", 1)], [0, DONE, {}]);
  assert.deepEqual([failures, answered()], [[["b", "not_owner"]], 1]);
});

Deno.test("a batch is given up once none of its commands is waited for, not before", async () => {
  const { clock, sent, send } = makePeer();
  const told = [send("answered"), send("early", 1_000), send("late", 3_000)];
  await settle();
  sent[0]!.answer(0);
  await clock.advance(1_750);
  assert.deepEqual([await told[0], await told[1]], ["no answered", "storage_unavailable"]);
  await clock.advance(1_000);
  assert(!sent[0]!.isAborted(), "one may still be answered");
  await clock.advance(1_250);
  assert.equal(await told[2], "storage_unavailable");
  assert(sent[0]!.isAborted());
});

Deno.test("a command's time is over after its deadline, not at it", async () => {
  const { clock, sent, send } = makePeer();
  for (let batch = 0; batch < 64; batch++) {
    send(`out ${batch}`, 60_000);
    await clock.advance(5);
  }
  let told = "";
  send("waits", 1_250 - clock.monotonic()).then((how) => told = how); // deadlines are looked at each 250 ms
  await clock.advance(1_250 - clock.monotonic());
  assert.equal(told, "");
  await clock.advance(250);
  assert.equal(told, "deadline");
  assert.equal(sent.length, 64);
});

Deno.test("the owner has 500 ms after a command's deadline, to the last, to tell what became of it", async () => {
  const { clock, sent, send } = makePeer();
  const told = send("a", 1_000);
  await clock.advance(1_500);
  sent[0]!.answer(0);
  assert.equal(await told, "no a");
});

Deno.test("what is out when a node leaves is given up after its deadline, as any", async () => {
  const { clock, peer, sent, send } = makePeer();
  const told = send("out", 1_000);
  await settle();
  peer.retire();
  await clock.advance(1_750);
  assert.equal(await told, "storage_unavailable");
  assert(sent[0]!.isAborted());
});

Deno.test("a way at rest looks at no deadlines; one that is closed, at none from then on", async () => {
  const { clock, peer, sent, send } = makePeer();
  const answer = async () => {
    await settle();
    sent.at(-1)!.answer(0);
    sent.at(-1)!.end();
    await settle();
  };
  send("a");
  await answer();
  await clock.advance(250);
  assert.equal(clock.timers, 0);
  send("b");
  await answer();
  peer.retire();
  assert.equal(clock.timers, 0, "closed at rest");
  const busy = makePeer();
  busy.send("c");
  await settle();
  busy.peer.retire();
  busy.sent[0]!.answer(0);
  busy.sent[0]!.end();
  await settle();
  assert.equal(busy.clock.timers, 0, "closed, and at rest then");
});
