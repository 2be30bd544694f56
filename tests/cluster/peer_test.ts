import assert from "node:assert/strict";
import { Fault } from "../../src/actors/ports.ts";
import { type Failure, type Forward, forwardOf } from "../../src/cluster/forward.ts";
import { selfMember } from "../../src/cluster/mod.ts";
import { Peer, QUEUE_MAX } from "../../src/cluster/peer.ts";
import { NeverConnected, type Transport } from "../../src/cluster/transport.ts";
import { BATCH_MAX, encodeAnswers } from "../../src/cluster/wire.ts";
import { claim } from "../support/commands.ts";
import { FakeClock, settle } from "../support/fake_clock.ts";

/** A batch that the network holds. */
interface Sent {
  readonly path: string;
  /** Commands of each run. */
  readonly runs: number[];
  readonly users: string[];
  /** Answers a place. */
  readonly answer: (place: number) => void;
  readonly end: (status?: number) => void;
  readonly fail: (error: Error) => void;
  readonly isAborted: () => boolean;
}

/** A peer whose network is the test's to answer. */
function makePeer(version: number = 3) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const failures: [user: string, kind: string][] = [];
  let answered = 0;
  const transport: Transport = {
    send: (_url, path, message, signal, onLine) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
        const runs = JSON.parse(message).at(-1) as [string, string, number, number, ...{ userId: string }[]][];
        const commands = runs.flatMap(([, , , , ...commands]) => commands);
        sent.push({
          path,
          runs: runs.map((run) => run.length - 4),
          users: commands.map(({ userId }) => userId),
          answer: (place) => onLine(encodeAnswers([[place, 1, `no ${commands[place]!.userId}`]])),
          end: (status = 200) => resolve(status),
          fail: reject,
          isAborted: () => signal.aborted,
        });
      }),
  };
  const failed = ({ command }: Forward, { kind }: Failure) =>
    void failures.push([(command as unknown as { userId: string }).userId, kind]);
  const member = { ...selfMember("b", "http://b:8081", 1), version };
  const peer = new Peer(member, { transport, clock, failed, answered: (commands) => void (answered += commands) });
  const send = (user: string, deadlineMs: number = 5_000) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const command = claim(user);
    const deadline = clock.monotonic() + deadlineMs;
    peer.send(forwardOf({ kind: "coupon", key: "k", command, deadline, handed: 0, resolve, reject }));
    return promise.then(
      (outcome) => (outcome as { refusal: string }).refusal,
      (error) => (error as Fault).code,
    );
  };
  return { clock, peer, sent, failures, send, answered: () => answered };
}

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

Deno.test("a node of the version before gets a request for each batch, and each command as a run of its own", async () => {
  for (const [version, path, runs] of [[2, "/commands", [1, 1]], [3, "/link", [2]], [4, "/link", [2]]] as const) {
    const { sent, send } = makePeer(version);
    send("a");
    send("b");
    await settle();
    assert.deepEqual(sent.map(({ path, runs }) => ({ path, runs })), [{ path, runs }]);
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
  ["nothing listens", ({ fail }) => fail(new NeverConnected("b")), "never_connected"],
  ["the connection is lost", ({ fail }) => fail(new Error("reset")), "ambiguous"],
  ["the answers end too early", ({ end }) => end(), "ambiguous"],
  ["the batch is refused", ({ end }) => end(503), "rejected"],
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
