/**
 * How do commands get to another node? All that wait leave as one batch, a few batches at once; answers come back as
 * they are decided. So a slow activation delays no other command, and a busy pair of nodes exchanges few messages.
 */
import type { Clock } from "../ports/mod.ts";
import { fail, type Failure, type Forward, leaseOf } from "./forward.ts";
import { type Member, PROTOCOL } from "./member.ts";
import type { Status } from "./reply.ts";
import { COMMANDS, type Transport } from "./transport.ts";
import { type Answer, BATCH_MAX, decodeAnswers, DONE, encodeCommands, FAULT, REFUSED } from "./wire.ts";

/** Batches that are out at once, without a pause between them. */
const BATCHES = 3;
/** Pause before each batch beyond those, in milliseconds, so that commands do not wait for a slow batch. */
const PACE_MS = 5;
/** Maximum of batches that are out; then commands wait, and are refused once the queue is full. */
const BATCHES_MAX = 64;
/** Maximum of commands that wait for one node; one more is refused with `overloaded`. */
export const QUEUE_MAX = 16_384;
/** How often deadlines are checked, in milliseconds. */
const SWEEP_MS = 250;
/** How long after a command's deadline the owner may still answer it, in milliseconds. */
const GRACE_MS = 500;

export interface PeerContext {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Called with a number of answered commands. */
  readonly answered: (commands: number) => void;
  /** Called with each command that was not answered. */
  readonly failed: (forward: Forward, failure: Failure, asked: Member) => void;
}

/** Why a command has no answer, by what became of its batch. */
const FAILURES: Readonly<Record<Status, Failure["kind"]>> = {
  answered: "ambiguous",
  ambiguous: "ambiguous",
  never_connected: "never_connected",
  malformed: "rejected",
  unknown: "rejected",
  no_peer: "rejected",
  unavailable: "rejected",
};

/** A batch that is out. */
interface Batch {
  /** By place; undefined once its outcome is known. */
  readonly forwards: (Forward | undefined)[];
  open: number;
  readonly giveUp: AbortController;
}

/** The way to one incarnation of another node. */
export class Peer {
  #queue: Forward[] = [];
  readonly #batches = new Set<Batch>();
  #lastSentAt = -Infinity;
  #scheduled = false;
  /** Cancels the next check of deadlines; undefined if none is due. */
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(readonly member: Member, readonly context: PeerContext) {}

  /** Whether no command waits or is out. */
  get idle(): boolean {
    return this.#queue.length === 0 && this.#batches.size === 0;
  }

  /** Sends a command with the next batch. */
  send(forward: Forward): void {
    if (this.#closed) {
      this.context.failed(forward, { kind: "unsent" }, this.member);
    } else if (this.#queue.length >= QUEUE_MAX) {
      fail(forward, "overloaded", `Cannot forward one more command: ${this.#queue.length} wait`);
    } else {
      this.#queue.push(forward);
      this.#flushSoon();
      this.#sweepLater();
    }
  }

  /** Sends no more, because the node has left; what is out may still be answered. */
  retire(): void {
    this.#closed = true;
    const unsent = this.#queue;
    this.#queue = [];
    for (const forward of unsent) this.context.failed(forward, { kind: "unsent" }, this.member);
    this.#rest();
  }

  /** Sends no more and gives up what is out, because the node cannot be reached. */
  break(): void {
    this.retire();
    for (const { giveUp } of this.#batches) giveUp.abort();
  }

  /** Commands of one tick leave together. */
  #flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    const { clock } = this.context;
    const flush = () => {
      this.#scheduled = false;
      this.#flush();
    };
    const waitMs = this.#batches.size < BATCHES ? 0 : this.#lastSentAt + PACE_MS - clock.monotonic();
    if (waitMs <= 0) clock.soon(flush);
    else clock.after(waitMs, flush);
  }

  #flush(): void {
    if (this.#queue.length === 0 || this.#batches.size >= BATCHES_MAX) return;
    const { clock } = this.context;
    this.#lastSentAt = clock.monotonic();
    this.#post(this.#queue.length <= BATCH_MAX ? this.#queue.splice(0) : this.#queue.splice(0, BATCH_MAX));
    if (this.#queue.length > 0) this.#flushSoon();
  }

  async #post(forwards: (Forward | undefined)[]): Promise<void> {
    const { transport, clock } = this.context;
    const batch: Batch = { forwards, open: forwards.length, giveUp: new AbortController() };
    this.#batches.add(batch);
    const at = { now: clock.shared(), monotonic: clock.monotonic() };
    for (const forward of forwards) forward!.lease = leaseOf(forward!, at.monotonic);
    const message = encodeCommands(forwards as Forward[], Math.min(PROTOCOL, this.member.version), at);
    const onLine = (line: string) => this.#hear(batch, decodeAnswers(line));
    const failure = {
      kind: FAILURES[await transport.send(this.member, COMMANDS, message, batch.giveUp.signal, onLine)],
    };
    this.#batches.delete(batch);
    this.#rest();
    if (this.#queue.length > 0) this.#flushSoon();
    // Cleared, so that a late line does not answer a command that is asked again.
    for (const forward of batch.forwards.splice(0)) {
      if (forward !== undefined) this.context.failed(forward, failure, this.member);
    }
  }

  #hear(batch: Batch, answers: readonly Answer[]): void {
    let answered = answers.length;
    for (const [place, code, value] of answers) {
      const forward = batch.forwards[place];
      if (forward === undefined) continue;
      batch.forwards[place] = undefined;
      batch.open--;
      if (code === DONE) forward.resolve({ kind: "done", answer: value });
      else if (code === REFUSED) forward.resolve({ kind: "refused", refusal: value });
      else if (code === FAULT && (value !== "deadline" || forward.isAskedAgain)) {
        fail(forward, value, `The owner could not decide: ${value}`);
      } else {
        answered--;
        const failure: Failure = code === FAULT ? { kind: "late" } : { kind: "not_owner", owner: value };
        this.context.failed(forward, failure, this.member);
      }
    }
    if (answered > 0) this.context.answered(answered);
  }

  // --- deadlines ---

  #sweepLater(): void {
    this.#cancelSweep ??= this.context.clock.after(SWEEP_MS, () => {
      this.#cancelSweep = undefined;
      this.#sweep();
      if (!this.idle) this.#sweepLater();
    });
  }

  /** Leaves no timer once it is closed and all is answered. */
  #rest(): void {
    if (!this.#closed || !this.idle) return;
    this.#cancelSweep?.();
    this.#cancelSweep = undefined;
  }

  #sweep(): void {
    const now = this.context.clock.monotonic();
    this.#queue = this.#queue.filter((forward) => {
      if (forward.deadline >= now) return true;
      fail(forward, "deadline", "Command dropped: it could not be sent before its deadline");
      return false;
    });
    for (const batch of this.#batches) {
      for (const [place, forward] of batch.forwards.entries()) {
        if (forward === undefined || forward.deadline + GRACE_MS >= now) continue;
        batch.forwards[place] = undefined;
        batch.open--;
        fail(forward, "storage_unavailable", "The owner did not tell in time what became of the command");
      }
      // No command waits for it any more; its connection may be dead without a sign.
      if (batch.open === 0) batch.giveUp.abort();
    }
  }
}
