/**
 * Creates the coupons of bulk jobs. One node at a time, batch by batch, each job in turn: a small job does not wait for a
 * large one, and all together keep a pace that leaves the database to claims. If the node dies, another one continues.
 */
import { type BulkWork, type Clock, type Codes, Fault, type LeasedJob } from "../ports/mod.ts";
import { codeOf, type CodePattern, parsePattern, type RandomBelow, UNGUESSABLE } from "../domain/code_pattern.ts";
import { normalizeName } from "../domain/name_key.ts";
import { Rounds } from "./rounds.ts";

/** Milliseconds between two searches for jobs. */
export const LOOK_MS = 1_000;
/** The most that is made up for when the pace was not kept, in milliseconds. */
const BEHIND_MAX_MS = 200;
/** The pause after a batch, as a multiple of the time that it took: a slow database has others to serve. */
const REST = 1 / 2;
/** A pattern counts as exhausted after this many taken codes in a row. */
const MISSES_MAX = 1_000_000;
/** The same for small patterns, as a multiple of their codes: a free code is missed with a probability of e^-20. */
const MISSES_PER_CODE = 20;

export interface BulkPace {
  /** Coupons per statement. */
  readonly batch: number;
  /** Maximum number of coupons per second. */
  readonly perSecond: number;
}

/** A million coupons in less than a minute, with little effect on claims. */
export const BULK_PACE: BulkPace = { batch: 4_000, perSecond: 17_300 };

/** Must not throw. */
export interface BulkMakerEvents {
  /** This process finished a job; `failure` says why not all of its coupons were created. */
  finished(job: LeasedJob, failure?: string): void;
  /** Storage did not respond; the maker tries again. */
  failed(error: unknown): void;
}

/** Random codes of a pattern, without repeated name keys. */
export function drawCodes(pattern: CodePattern, draws: number, random: RandomBelow): Codes {
  const names = new Map<string, string>();
  for (let draw = 0; draw < draws; draw++) {
    const name = codeOf(pattern, random);
    const fold = normalizeName(name);
    if (fold !== undefined) names.set(fold, name);
  }
  return { folds: [...names.keys()], names: [...names.values()] };
}

/** Makes the coupons of bulk jobs. */
export class BulkMaker {
  readonly #holder = crypto.randomUUID();
  readonly #rounds: Rounds;
  /** In the order in which they are worked on. */
  #jobs: LeasedJob[] = [];
  #lookedAt = -Infinity;
  /** When the next batch is due, in monotonic milliseconds. */
  #dueAt = -Infinity;
  /** Taken codes in a row, by job. */
  readonly #misses = new Map<number, number>();

  constructor(
    readonly work: BulkWork,
    readonly clock: Clock,
    readonly pace: BulkPace,
    readonly random: RandomBelow,
    readonly events: BulkMakerEvents,
  ) {
    this.#rounds = new Rounds(clock, () => this.#round());
  }

  /** Works until it is stopped. Must be called only once. */
  start(): void {
    this.#rounds.start();
  }

  /** Stops after the current batch and releases its jobs. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
    if (this.#jobs.length === 0) return;
    this.#jobs = [];
    await this.work.release(this.#holder).catch(this.events.failed); // otherwise the leases expire
  }

  async #round(): Promise<number> {
    try {
      if (this.#jobs.length === 0 || this.clock.monotonic() - this.#lookedAt >= LOOK_MS) await this.#look();
      const job = this.#jobs.shift();
      return job === undefined ? LOOK_MS : await this.#makeSome(job);
    } catch (error) {
      this.events.failed(error); // the next search brings the job back as it is stored
      return LOOK_MS;
    }
  }

  async #look(): Promise<void> {
    this.#lookedAt = this.clock.monotonic();
    if (this.#jobs.length === 0) this.#dueAt = Math.max(this.#dueAt, this.#lookedAt); // idle time does not count as a delay
    const turns = new Map(this.#jobs.map(({ id }, turn) => [id, turn]));
    const turnOf = ({ id }: LeasedJob) => turns.get(id) ?? Infinity;
    this.#jobs = (await this.work.lease(this.#holder)).sort((a, b) => turnOf(a) - turnOf(b) || 0);
  }

  /** Creates one batch of a job. @returns milliseconds until the next one is due */
  async #makeSome(job: LeasedJob): Promise<number> {
    const startedAt = this.clock.monotonic();
    const pattern = job.pattern === null ? UNGUESSABLE : parsePattern(job.pattern)!;
    const misses = this.#misses.get(job.id) ?? 0;
    // At least half of a pattern's codes should be free; if fewer are, one batch draws as many as it can.
    const draws = misses > 0 ? this.pace.batch : Math.min(this.pace.batch, 2 * (job.count - job.made) + 16);
    try {
      const after = await this.work.make(job, drawCodes(pattern, draws, this.random));
      await this.#goOn(job, after, pattern, draws);
    } catch (error) {
      if (!(error instanceof Fault && error.code === "data_error")) throw error;
      this.events.failed(error);
      await this.#fail(job, "data_error");
    }
    const endedAt = this.clock.monotonic();
    this.#dueAt = Math.max(this.#dueAt, startedAt - BEHIND_MAX_MS) + 1_000 * draws / this.pace.perSecond;
    return Math.max(this.#dueAt - endedAt, (endedAt - startedAt) * REST);
  }

  async #goOn(before: LeasedJob, after: LeasedJob | undefined, pattern: CodePattern, draws: number): Promise<void> {
    const misses = after?.made === before.made ? (this.#misses.get(before.id) ?? 0) + draws : 0;
    this.#misses.delete(before.id);
    if (after === undefined) return; // taken over by another node, or cancelled
    if (after.made === after.count) return this.events.finished(after);
    if (misses >= Math.min(MISSES_MAX, MISSES_PER_CODE * pattern.possible)) {
      return await this.#fail(after, "pattern_exhausted");
    }
    if (misses > 0) this.#misses.set(after.id, misses);
    this.#jobs.push(after);
  }

  async #fail(job: LeasedJob, failure: string): Promise<void> {
    await this.work.fail(job, failure);
    this.events.finished(job, failure);
  }
}
