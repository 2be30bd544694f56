/** A way to another node whose network is the test's to answer. */
import type { Fault } from "../../src/ports/mod.ts";
import { type Failure, type Forward, forwardOf } from "../../src/cluster/forward.ts";
import { selfMember } from "../../src/cluster/mod.ts";
import { Peer } from "../../src/cluster/peer.ts";
import type { Status } from "../../src/cluster/reply.ts";
import type { Transport } from "../../src/cluster/transport.ts";
import { type Answer, encodeAnswers, REFUSED } from "../../src/cluster/wire.ts";
import { claim } from "./commands.ts";
import { FakeClock } from "./fake_clock.ts";

/** A batch that the network holds. */
export interface Sent {
  readonly what: string;
  readonly version: number;
  /** Commands of each run. */
  readonly runs: number[];
  readonly users: string[];
  /** Answers a place with a refusal. */
  readonly answer: (place: number) => void;
  /** Answers many places in one line. */
  readonly say: (...answers: Answer[]) => void;
  readonly end: (status?: Status) => void;
  readonly isAborted: () => boolean;
}

/** A peer whose network is the test's to answer. */
export interface HeldPeer {
  readonly clock: FakeClock;
  readonly peer: Peer;
  readonly sent: readonly Sent[];
  /** What came back unanswered: each command's user, and why. */
  readonly failures: readonly [user: string, kind: string][];
  /** Sends a user's command; returns its refusal or its fault. */
  readonly send: (user: string, deadlineMs?: number, isAskedAgain?: boolean) => Promise<string>;
  /** How many were told as answered. */
  readonly answered: () => number;
}

/** Makes a peer to a node that speaks a version. */
export function makePeer(version: number = 4): HeldPeer {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const failures: [user: string, kind: string][] = [];
  let answered = 0;
  const transport: Transport = {
    send: (_member, what, message, signal, onLine) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve("ambiguous"));
        const [version] = JSON.parse(message) as [number];
        const runs = JSON.parse(message).at(-1) as [string, string, number, number, ...{ userId: string }[]][];
        const commands = runs.flatMap(([, , , , ...commands]) => commands);
        sent.push({
          what,
          version,
          runs: runs.map((run) => run.length - 4),
          users: commands.map(({ userId }) => userId),
          answer: (place) => onLine(encodeAnswers([[place, REFUSED, `no ${commands[place]!.userId}`]])),
          say: (...answers) => onLine(encodeAnswers(answers)),
          end: (status = "answered") => resolve(status),
          isAborted: () => signal.aborted,
        });
      }),
  };
  const failed = ({ command }: Forward, { kind }: Failure) =>
    void failures.push([(command as unknown as { userId: string }).userId, kind]);
  const member = { ...selfMember("b", "http://b:8081", 1), version };
  const peer = new Peer(member, { transport, clock, failed, answered: (commands) => void (answered += commands) });
  const send = (user: string, deadlineMs: number = 5_000, isAskedAgain: boolean = false) => {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const command = claim(user);
    const deadline = clock.monotonic() + deadlineMs;
    const forward = forwardOf({
      kind: "coupon",
      key: "k",
      command,
      deadline,
      redirects: 0,
      mayBeStored: false,
      resolve,
      reject,
    });
    peer.send(Object.assign(forward, { isAskedAgain }));
    return promise.then(
      (outcome) => (outcome as { refusal: string }).refusal,
      (error) => (error as Fault).code,
    );
  };
  return { clock, peer, sent, failures, send, answered: () => answered };
}
