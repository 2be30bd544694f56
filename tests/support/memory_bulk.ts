/** Bulk jobs in memory: what a database promises, without one. */
import {
  type BulkJob,
  type BulkJobs,
  type BulkRequest,
  type BulkWork,
  type Clock,
  type Codes,
  type CodesPage,
  Fault,
  type LeasedJob,
  type Page,
} from "../../src/ports/mod.ts";
import { RUNNING_MAX } from "../../src/storage/bulk_jobs.ts";

const LEASE_MS = 5_000;

interface Row {
  readonly request: BulkRequest;
  job: BulkJob;
  lease: number;
  holder: string | undefined;
  leasedUntil: number;
}

/** Jobs, and the names that are taken. */
export class MemoryBulk implements BulkJobs, BulkWork {
  readonly #rows: Row[] = [];
  /** Fold -> name and job; null is a coupon of no job. */
  readonly coupons = new Map<string, { readonly name: string; readonly job: number | null }>();
  /** What every method throws, where it is set. */
  failure: Fault | undefined;
  /** Batches that were stored. */
  batches = 0;

  constructor(readonly clock: Pick<Clock, "now">) {}

  add(request: BulkRequest): Promise<BulkJob | "reused"> {
    return this.#answer(() => {
      const found = this.#rows.find((row) => row.request.id === request.id);
      if (found !== undefined) {
        const isSame = JSON.stringify({ ...found.request }) === JSON.stringify({ ...request });
        return isSame ? this.#shown(found) : "reused";
      }
      if (this.#rows.filter(({ job }) => job.state === "running").length >= RUNNING_MAX) {
        throw new Fault("overloaded", "Cannot add a job as too many run");
      }
      const { count, pattern, terms } = request;
      const id = this.#rows.length + 1;
      const ends = { finishedAt: null, failure: null, seconds: 0 };
      const job: BulkJob = {
        id,
        count,
        made: 0,
        pattern,
        terms,
        state: "running",
        createdAt: this.clock.now(),
        ...ends,
      };
      this.#rows.push({ request, job, lease: 0, holder: undefined, leasedUntil: -Infinity });
      return this.#shown(this.#rows.at(-1)!);
    });
  }

  job(id: number): Promise<BulkJob | undefined> {
    return this.#answer(() => {
      const row = this.#rows[id - 1];
      return row === undefined ? undefined : this.#shown(row);
    });
  }

  jobs(offset: number, limit: number): Promise<Page<BulkJob>> {
    return this.#answer(() => {
      const all = this.#rows.map((row) => this.#shown(row)).reverse();
      return { data: all.slice(offset, offset + limit), total: all.length };
    });
  }

  cancel(id: number): Promise<BulkJob | undefined> {
    return this.#answer(() => {
      const row = this.#rows[id - 1];
      if (row?.job.state === "running") this.#end(row, "cancelled");
      return row === undefined ? undefined : this.#shown(row);
    });
  }

  codes(id: number, from: number, limit: number): Promise<CodesPage> {
    return this.#answer(() => {
      const all = [...this.coupons.values()].filter(({ job }) => job === id);
      const terms = this.#rows.find(({ job }) => job.id === id)?.request.terms;
      const coupons = all.slice(from, from + limit).map(({ name }) => ({ ...terms!, name }));
      return { coupons, next: coupons.length === limit ? from + limit : undefined };
    });
  }

  /** No coupon is edited here. */
  areEdited(): Promise<boolean> {
    return this.#answer(() => false);
  }

  lease(holder: string): Promise<LeasedJob[]> {
    return this.#answer(() => {
      const now = this.clock.now();
      const running = this.#rows.filter(({ job }) => job.state === "running");
      if (running.some((row) => row.holder !== undefined && row.holder !== holder && row.leasedUntil > now)) return [];
      for (const row of running) Object.assign(row, { holder, lease: row.lease + 1, leasedUntil: now + LEASE_MS });
      return running.map((row) => this.#leased(row));
    });
  }

  make(leased: LeasedJob, { names, folds }: Codes): Promise<LeasedJob | undefined> {
    return this.#answer(() => {
      const row = this.#mine(leased);
      if (row === undefined || row.job.made !== leased.made) return undefined;
      this.batches++;
      for (const [place, fold] of folds.entries()) {
        if (row.job.made === row.job.count) break;
        if (this.coupons.has(fold)) continue;
        this.coupons.set(fold, { name: names[place]!, job: leased.id });
        row.job = { ...row.job, made: row.job.made + 1 };
      }
      row.leasedUntil = this.clock.now() + LEASE_MS;
      if (row.job.made === row.job.count) this.#end(row, "done");
      return this.#leased(row);
    });
  }

  fail(leased: LeasedJob, failure: string): Promise<void> {
    return this.#answer(() => {
      const row = this.#mine(leased);
      if (row !== undefined) this.#end(row, "failed", failure);
    });
  }

  release(holder: string): Promise<void> {
    return this.#answer(() => {
      for (const row of this.#rows) {
        if (row.holder === holder) Object.assign(row, { holder: undefined, leasedUntil: -Infinity });
      }
    });
  }

  /** Makes all leases end now. */
  expire(): void {
    for (const row of this.#rows) row.leasedUntil = -Infinity;
  }

  #mine({ id, lease }: LeasedJob): Row | undefined {
    const row = this.#rows[id - 1]!;
    return row.lease === lease && row.job.state === "running" ? row : undefined;
  }

  #end(row: Row, state: BulkJob["state"], failure: string | null = null): void {
    row.job = { ...row.job, state, failure, finishedAt: this.clock.now() };
  }

  #leased({ job: { id, count, made, pattern }, lease }: Row): LeasedJob {
    return { id, count, made, pattern, lease };
  }

  #shown({ job }: Row): BulkJob {
    return { ...job, seconds: ((job.finishedAt ?? this.clock.now()) - job.createdAt) / 1_000 };
  }

  async #answer<T>(run: () => T): Promise<T> {
    await undefined;
    if (this.failure !== undefined) throw this.failure;
    return run();
  }
}
