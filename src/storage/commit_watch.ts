/**
 * Does PostgreSQL commit? An idle node would not notice that it does not, and an unready one gets no claims by which to
 * notice that it does again. So where no commit was confirmed for a second, the watch makes one that stores nothing. It
 * has a session of its own, so it waits for no lane; it does wait for the disk and for synchronous standbys, as claims do.
 */
import type { Clock } from "../ports/mod.ts";
import { type Connection, type Database, DURABLE, NotConnected, type Sql, SqlError } from "./sql.ts";

/** Wait between two looks, in milliseconds. */
const LOOK_MS = 1_000;
/** A node without a commit for so long is idle, in milliseconds: less than the wait, lest every other look be left out. */
const IDLE_MS = 500;
/** Commits that have failed for so long, in milliseconds, are lost: the node is unready. */
const FAILED_MS = 5_000;
/** A probe that has been out for so long is given up, in milliseconds: its connection may be dead without a sign. */
const GIVE_UP_MS = 30_000;
/** Wait between two reminders of the same, in milliseconds. */
const REMIND_MS = 30_000;

/**
 * A commit waits for standbys only where its transaction has an id and has written to the write-ahead log. This message
 * does both, by some 60 bytes; it touches no row, so no lock can make it wait.
 */
const PROBE = `select pg_logical_emit_message(true, 'doorbuster', '') where ${DURABLE}`;
const PROCESS = "select pid, backend_start::text from pg_stat_activity where pid = pg_backend_pid()";
/** A server process that waits for a standby does not notice that its client has gone, and takes up a connection. */
const END_PROCESS = `select pg_terminate_backend(pid) from pg_stat_activity
where pid = $1 and backend_start::text = $2 and wait_event = 'SyncRep'`;

/** The role may not call the function, or the server has none: that says nothing of commits. */
function isForbidden(error: unknown): boolean {
  return error instanceof SqlError && /^42/.test(error.sqlstate);
}

export interface CommitEvents {
  /** From now on commits fail, or no session can be had. */
  lost(reason: string): void;
  /** They still do: told every half minute. */
  stillLost(seconds: number, failures: number, reason: string): void;
  back(seconds: number, failures: number): void;
  /** Sessions were lost, or not had, or a commit failed, while the probe's commits succeed: told every half minute. */
  troubled(failures: number, reason: string): void;
}

/** Failures since something was told, and the last one. */
interface Failures {
  count: number;
  reason: string;
}

/** Watches whether commits succeed. Without {@linkcode CommitWatch.start} it takes that for granted. */
export class CommitWatch {
  #committedAt: number;
  /** When the first commit was tried that was not confirmed, of those since one was. */
  #failingSince: number | undefined;
  #lostSince: number | undefined;
  #toldAt = -Infinity;
  #failures: Failures = { count: 0, reason: "" };
  #session: Connection | undefined;
  /** The server process of the session before. */
  #process: unknown[] | undefined;
  #isProbing = false;
  /** Whether the probe's statement is sent and not answered. */
  #isOut = false;
  #isStarted = false;
  #isStopped = false;
  #cancel: () => void = () => {};

  /** @param connect makes a session that waits so many milliseconds for an answer */
  constructor(
    readonly connect: (silenceMs: number) => Promise<Connection>,
    readonly clock: Clock,
    readonly events: CommitEvents,
  ) {
    this.#committedAt = clock.monotonic();
  }

  /** Since a commit was confirmed, in milliseconds. */
  get ageMs(): number {
    return this.clock.monotonic() - this.#committedAt;
  }

  /** Whether commits succeed, or have failed for less than five seconds. */
  get succeeds(): boolean {
    return this.#failingForMs < FAILED_MS;
  }

  /** Whether it was told that they are lost, and not yet that they are back. */
  get isLost(): boolean {
    return this.#lostSince !== undefined;
  }

  /** Whether commits wait, for longer than a claim may: each that is sent now takes up one more server process. */
  get hangs(): boolean {
    return this.isLost && this.#isOut;
  }

  get #failingForMs(): number {
    return this.#failingSince === undefined ? 0 : this.clock.monotonic() - this.#failingSince;
  }

  start(): void {
    this.#isStarted = true;
    this.#cancel = this.clock.after(LOOK_MS, () => this.#look());
  }

  /** Looks no more, and ends the session. */
  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#session?.destroy();
  }

  /** A commit that stored something was confirmed. */
  committed(): void {
    this.#committedAt = this.clock.monotonic();
    this.#endFailing();
  }

  #endFailing(): void {
    this.#failingSince = undefined;
    if (this.#lostSince !== undefined) this.#tellBack(this.#lostSince);
  }

  /** A commit failed, or a session was lost or could not be had. */
  failed(error: Error): void {
    if (!this.#isStarted || this.#isStopped) return;
    const { count } = this.#failures;
    this.#failures = { count: count + 1, reason: error.message };
    // The others of this second need no look of their own.
    if (count === 0 && this.#lostSince === undefined) this.#probe();
  }

  #look(): void {
    const { count, reason } = this.#failures;
    const isDue = this.clock.monotonic() - this.#toldAt >= REMIND_MS;
    if (this.#lostSince === undefined) {
      if (!this.succeeds) this.#tellLost(reason || `no commit was confirmed for ${FAILED_MS / 1_000} s`);
      else if (count > 0 && isDue && this.#failingSince === undefined) this.#tellTroubled();
    } else if (isDue) {
      this.#toldAt = this.clock.monotonic();
      this.events.stillLost(this.#secondsSince(this.#lostSince), count, reason);
    }
    if (this.ageMs >= IDLE_MS) this.#probe();
    this.#cancel = this.clock.after(LOOK_MS, () => this.#look());
  }

  async #probe(): Promise<void> {
    if (this.#isProbing || this.#isStopped) return;
    this.#isProbing = true;
    this.#failingSince ??= this.clock.monotonic();
    try {
      await this.#commit();
      this.committed();
    } catch (error) {
      this.#probeFailed(error as Error);
    }
    this.#isProbing = false;
  }

  #probeFailed(error: Error): void {
    const { message } = error;
    this.#failures = { count: this.#failures.count + 1, reason: message };
    if (isForbidden(error)) this.#endFailing();
    // Where a claim was committed meanwhile, the probe's session alone is in trouble.
    else if (this.#failingSince !== undefined && !this.isLost && !this.#isStopped) this.#tellLost(message);
  }

  /** A session that was lost meanwhile says nothing about the next one. */
  async #commit(): Promise<void> {
    if (this.#session?.lost === false) {
      try {
        return await this.#commitOn(this.#session);
      } catch (error) {
        if (isForbidden(error)) throw error;
        this.#session.destroy();
      }
    }
    await this.#commitOn(await this.#open());
  }

  async #commitOn(session: Connection): Promise<void> {
    this.#isOut = true;
    try {
      await session.query(PROBE, [], "probe");
    } finally {
      this.#isOut = false;
    }
  }

  async #open(): Promise<Connection> {
    const session = this.#session = await this.connect(GIVE_UP_MS);
    if (this.#isStopped) session.destroy();
    if (this.#process !== undefined) await session.query(END_PROCESS, this.#process);
    this.#process = [...(await session.query(PROCESS))[0]!];
    return session;
  }

  #secondsSince(at: number): number {
    return Math.round((this.clock.monotonic() - at) / 100) / 10;
  }

  #tellLost(reason: string): void {
    this.#lostSince = this.#failingSince;
    this.#failures.reason ||= reason;
    this.#toldAt = this.clock.monotonic();
    this.events.lost(reason);
  }

  #tellBack(since: number): void {
    const { count } = this.#failures;
    this.#failures = { count: 0, reason: "" };
    this.#lostSince = undefined;
    this.#toldAt = -Infinity;
    this.events.back(this.#secondsSince(since), count);
  }

  #tellTroubled(): void {
    const { count, reason } = this.#failures;
    this.#failures = { count: 0, reason: "" };
    this.#toldAt = this.clock.monotonic();
    this.events.troubled(count, reason);
  }
}

/**
 * The sessions of a database that commit, which refuse at once while commits hang, as beside a synchronous standby that is
 * gone. A server process that waits for a standby goes on waiting when its client has given up, and takes up a connection:
 * new ones every few seconds would use up all that PostgreSQL has, and operators would be locked out too.
 */
export function heldBack(
  { connect, activations }: Pick<Database, "connect" | "activations">,
  watch: Pick<CommitWatch, "hangs">,
): { readonly connect: () => Promise<Connection>; readonly activations: Sql } {
  const refuse = () => {
    if (watch.hangs) throw new NotConnected("Cannot send what would wait: a commit that stores nothing waits already");
  };
  return {
    async connect() {
      refuse();
      return await connect();
    },
    activations: {
      async query(text, params, name) {
        refuse();
        return await activations.query(text, params, name);
      },
    },
  };
}
