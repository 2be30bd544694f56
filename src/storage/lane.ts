/**
 * How does a lane commit? Whatever turns came while a commit was out are the next one: one round trip, one statement. A
 * second commit is sent before the first is answered, so that Postgres finds its next work waiting, but only once it is
 * as big as the first or big enough: many small commits cost more than they save. A lane that lost its session makes a
 * new one and goes on.
 */
import { type Clock, type Completion, Fault, type Handle, LostAnswer, type Part } from "../ports/mod.ts";
import { type Batch, type Committed, type Job, tell } from "./batch.ts";
import { isDataError, isTransient, TRANSIENT_RETRIES } from "./db_errors.ts";
import { type Connection, ConnectionLost, NotConnected, SessionRefused } from "./sql.ts";

/** A commit that has so many events takes no further part. */
const COMMIT_EVENTS_MAX = 8_192;
/** Commits sent and not yet answered. An actor's second turn in flight is in the second one, or waits. */
const COMMITS_IN_FLIGHT = 2;
/**
 * Parts and confirmations that are worth a commit beside one that is out, however big that is. Waiting for as many as that has
 * leaves both Postgres and the server idle by turns: with 1,000 coupons and 256 connections it costs a tenth of the rate.
 */
const WORTH_A_COMMIT = 32;
/** Wait before a lane connects again, in milliseconds. */
const RECONNECT_MS = 100;

/** What a lane tells of its work. */
export interface LaneEvents {
  /** A commit of so many parts was answered, and so many of them were stored. */
  committed(seconds: number, parts: number, stored: number): void;
  /** A session was lost or could not be had. */
  disconnected(error: Error): void;
  /** The server refused a commit, for nothing that its rows were to blame for. */
  refused(error: Error): void;
  dataError(): void;
}

/** One connection that commits the turns of one kind of actor. */
export class Lane<Event> {
  #queue: Job<Event>[] = [];
  #connection: Connection | undefined;
  #inFlight = 0;
  /** Parts and confirmations sent and not answered. */
  #jobsOut = 0;
  #flushing = false;
  /** Of what is put into the queue in this tick. */
  #deadline = 0;
  #connecting = false;
  /** Whether its session was dropped since it must not store: the next one may be refused as soon as it stores. */
  #wasRefused = false;
  #closed = false;
  /** Ends a wait before the next session is asked for. */
  #endPause: () => void = () => {};

  constructor(
    readonly batchOf: (jobs: readonly Job<Event>[]) => Batch<Event>,
    readonly connect: () => Promise<Connection>,
    readonly clock: Clock,
    readonly timeoutMs: number,
    readonly events: LaneEvents,
  ) {}

  /** Whether it has a session. */
  get connected(): boolean {
    return this.#connection?.lost === false;
  }

  /** Stores a part, or asks whether an epoch still holds where there is none. Completed as by {@linkcode Store}. */
  add(handle: Handle, part: Part<Event> | undefined, completion: Completion): void {
    if (!this.#flushing) this.#deadline = this.clock.monotonic() + this.timeoutMs;
    this.#queue.push({ handle, part, deadline: this.#deadline, completion });
    this.#flushSoon();
  }

  /** Gets the session. @throws NotConnected */
  async open(): Promise<void> {
    this.#connection = await this.connect();
  }

  /** Gets a new session where an idle lane lost its own. */
  keep(): void {
    if (!this.connected && this.#inFlight === 0) this.#reconnect();
  }

  /** Ends the session; what waits is not sent. */
  close(): void {
    this.#closed = true;
    this.#connection?.destroy();
    this.#connection = undefined;
    this.#endPause();
  }

  /** Sends in the next tick: turns that are decided in this one come along. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#queue.length === 0 || this.#closed) return;
    const connection = this.#connection;
    if (connection?.lost !== false) { // sent on it, two commits would come back in the wrong order
      this.#reconnect();
      return;
    }
    const enough = () => Math.min(this.#jobsOut, WORTH_A_COMMIT);
    while (this.#queue.length > 0 && this.#inFlight < COMMITS_IN_FLIGHT && this.#queue.length >= enough()) {
      this.#send(connection, this.#take());
    }
  }

  async #send(connection: Connection, jobs: readonly Job<Event>[]): Promise<void> {
    this.#inFlight++;
    this.#jobsOut += jobs.length;
    const committed = await this.#commit(connection, jobs);
    this.#inFlight--;
    this.#jobsOut -= jobs.length;
    // Actors that hear of this commit decide their next turns here, and those leave before the answers to this one are put
    // together: Postgres works meanwhile.
    tell(committed);
    this.#flush();
  }

  async #reconnect(): Promise<void> {
    if (this.#connecting || this.#closed) return;
    this.#connecting = true;
    this.#connection = undefined;
    if (this.#wasRefused) await this.#pause();
    this.#wasRefused = false;
    while (this.#connection === undefined && !this.#closed) {
      try {
        const connection = await this.connect();
        if (this.#closed) connection.destroy();
        else this.#connection = connection;
      } catch (error) {
        this.events.disconnected(error as Error);
        await this.#pause();
      }
    }
    this.#connecting = false;
    this.#flush();
  }

  /** Gives up what has waited for too long, and waits before the next session is asked for. */
  #pause(): Promise<void> {
    this.#expire();
    return new Promise((resolve) => {
      const cancel = this.clock.after(RECONNECT_MS, resolve);
      this.#endPause = () => {
        cancel();
        resolve();
      };
    });
  }

  #expire(): void {
    const now = this.clock.monotonic();
    const late = this.#queue.filter((job) => job.deadline < now);
    if (late.length === 0) return;
    this.#queue = this.#queue.filter((job) => job.deadline >= now);
    for (const job of late) {
      const fault = new Fault("storage_unavailable", "Cannot store a turn as the lane has had no session for too long");
      job.completion.failed(fault);
    }
  }

  /** The next commit's jobs: of each actor its first, since in one commit a second turn would not find the first. */
  #take(): Job<Event>[] {
    const actors = new Set<number>();
    const taken: Job<Event>[] = [];
    const left: Job<Event>[] = [];
    let events = 0;
    for (const job of this.#queue) {
      const isNext = !actors.has(job.handle.id) && (taken.length === 0 || events < COMMIT_EVENTS_MAX);
      actors.add(job.handle.id);
      if (isNext) {
        taken.push(job);
        events += job.part?.events.length ?? 1;
      } else {
        left.push(job);
      }
    }
    this.#queue = left;
    return taken;
  }

  /** What was committed, to be told; undefined where that failed, which is told, or is sent again. */
  async #commit(
    connection: Connection,
    jobs: readonly Job<Event>[],
    retries: number = TRANSIENT_RETRIES,
  ): Promise<Committed | undefined> {
    const startedAt = this.clock.monotonic();
    try {
      const batch = this.batchOf(jobs);
      const rows = await connection.query(batch.text, batch.params, batch.name);
      const stored = rows[0]![0] as number;
      this.events.committed((this.clock.monotonic() - startedAt) / 1000, batch.parts.length, stored);
      return { batch, rows };
    } catch (error) {
      return await this.#fail(connection, jobs, error as Error, retries);
    }
  }

  async #fail(
    connection: Connection,
    jobs: readonly Job<Event>[],
    error: Error,
    retries: number,
  ): Promise<Committed | undefined> {
    if (error instanceof ConnectionLost) {
      this.#forget(connection);
      this.events.disconnected(error);
      for (const { completion } of jobs) {
        completion.failed(new LostAnswer("Lost the answer of a commit", { cause: error }));
      }
    } else if (error instanceof NotConnected) {
      this.#forget(connection);
      this.#queue.unshift(...jobs);
      if (error instanceof SessionRefused) {
        this.#wasRefused = true;
        this.events.disconnected(error);
      }
    } else if (isTransient(error) && retries > 0) {
      return await this.#commit(connection, jobs, retries - 1);
    } else if (isDataError(error) && jobs.length > 1) {
      // One actor's rows were refused, and with them all others: sent alone, only that actor's turn fails.
      for (const job of jobs) tell(await this.#commit(connection, [job]));
    } else {
      const guilty = isDataError(error);
      if (guilty) this.events.dataError();
      else this.events.refused(error);
      const fault = new Fault(guilty ? "data_error" : "storage_unavailable", "Cannot store a turn", { cause: error });
      for (const { completion } of jobs) completion.failed(fault);
    }
    return undefined;
  }

  #forget(connection: Connection): void {
    if (this.#connection === connection) this.#connection = undefined;
  }
}
