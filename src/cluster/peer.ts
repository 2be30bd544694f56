/**
 * How do commands get to another node? Whatever waits leaves as one batch, a few batches at once; answers come back as
 * they fall. So one slow activation delays no other command, and a busy pair of nodes exchanges few messages.
 */
import type { Clock } from "../ports/mod.ts";
import { fail, type Failure, type Forward, leaseOf } from "./forward.ts";
import { type Member, PROTOCOL } from "./member.ts";
import { COMMANDS, NeverConnected, type Transport } from "./transport.ts";
import { type Answer, BATCH_MAX, decodeAnswers, DONE, encodeCommands, FAULT, REFUSED } from "./wire.ts";

/** Batches that are out at once. */
const BATCHES = 3;
/** Where those are slow to be answered one more leaves each so many milliseconds, so that nobody waits for them … */
const PACE_MS = 5;
/** … up to so many; then commands wait, and are refused once the queue is full. */
const BATCHES_MAX = 64;
/** Commands that may wait for one node; one more is refused with `overloaded`. */
export const QUEUE_MAX = 16_384;
/** How often deadlines are looked at, in milliseconds. */
const SWEEP_MS = 250;
/** The owner has so long after a command's deadline, in milliseconds, to tell what became of it. */
const GRACE_MS = 500;

/** What a peer works with. */
export interface PeerContext {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Told of so many answers. */
  readonly answered: (commands: number) => void;
  /** Given back each command that was not answered. */
  readonly failed: (forward: Forward, failure: Failure, asked: Member) => void;
}

/** A batch that is out. */
interface Batch {
  /** By their places; undefined once it is known what became of it. */
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
  /** Ends the next look at deadlines; undefined where there is none. */
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(readonly member: Member, readonly context: PeerContext) {}

  /** Whether nothing waits and nothing is out. */
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

  /** Sends no more, since the node has left; what is out may still be answered. */
  retire(): void {
    this.#closed = true;
    const unsent = this.#queue;
    this.#queue = [];
    for (const forward of unsent) this.context.failed(forward, { kind: "unsent" }, this.member);
    this.#rest();
  }

  /** Sends no more and gives up what is out, since the node cannot be reached. */
  break(): void {
    this.retire();
    for (const { giveUp } of this.#batches) giveUp.abort();
  }

  /** Commands that come in this tick leave together. */
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
    let failure: Failure = { kind: "ambiguous" };
    try {
      const message = encodeCommands(forwards as Forward[], Math.min(PROTOCOL, this.member.version), at);
      const onLine = (line: string) => this.#hear(batch, decodeAnswers(line));
      const status = await transport.send(this.member, COMMANDS, message, batch.giveUp.signal, onLine);
      if (status !== "answered") failure = { kind: "rejected" };
    } catch (error) {
      if (error instanceof NeverConnected) failure = { kind: "never_connected" };
    }
    this.#batches.delete(batch);
    this.#rest();
    if (this.#queue.length > 0) this.#flushSoon();
    // Cleared, so that a line that still comes says nothing of a command that is asked again.
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

  /** Once it is closed and all is told, no timer is left. */
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
      // Nobody waits for it any more: its connection may be dead without telling so.
      if (batch.open === 0) batch.giveUp.abort();
    }
  }
}
