/** How are jobs that make many coupons asked for, looked at, and cancelled? Each act is one statement. */
import { type BulkJob, type BulkJobs, type BulkRequest, type CodesPage, Fault, type Page } from "../ports/mod.ts";
import type { CouponTerms } from "../domain/coupon.ts";
import { kindColumns, kindTermsIn, storedTerms } from "./coupon_terms.ts";
import { retried } from "./db_errors.ts";
import { pageOf, read } from "./reads.ts";
import { DURABLE, ms, type Row, type Sql } from "./sql.ts";

/** Jobs that may run at once, waiting ones among them; one more is refused. */
export const RUNNING_MAX = 100;

const COLUMNS = `id, count, made, pattern, terms, state, failure,
  ${ms("created_at")}, ${ms("finished_at")},
  extract(epoch from coalesce(finished_at, clock_timestamp()) - created_at)::float8`;

const ADD = `insert into bulk_jobs (request_id, count, pattern, terms)
select $1::uuid, $2::integer, $3::text, $4::jsonb
where (select count(*) from bulk_jobs where state = 'running') < ${RUNNING_MAX} and ${DURABLE}
on conflict (request_id) do nothing
returning ${COLUMNS}`;

const ADDED = `select ${COLUMNS}, count = $2::integer and pattern is not distinct from $3::text and terms = $4::jsonb
from bulk_jobs where request_id = $1::uuid`;

const JOB = `select ${COLUMNS} from bulk_jobs where id = $1`;

// The total comes along in the same statement, also for a page beyond the last one.
const JOBS = `with t as (select count(*)::integer total from bulk_jobs)
select t.total, j.* from t left join lateral (
  select ${COLUMNS} from bulk_jobs order by id desc offset $1::bigint limit $2
) j on true`;

const CANCEL = `update bulk_jobs set state = 'cancelled', finished_at = clock_timestamp()
where id = $1 and state = 'running' and ${DURABLE}`;

const CODES = `select id, name, amount, ${ms("starts_at")}, ${ms("ends_at")}, ${kindColumns("")}
from coupons where job = $1 and id > $2 order by job, id limit $3`;

// A page, so that no statement is long: how many there are, the last one, and whether one was edited.
const EDITED = `select count(*)::integer, max(id), bool_or(updated_at <> created_at) from (
  select id, updated_at, created_at from coupons where job = $1 and id > $2 order by job, id limit $3
) c`;
/** Coupons that one statement looks at. */
const LOOKED_AT = 20_000;

function jobOf(row: Row): BulkJob {
  const [id, count, made, pattern, stored, state, failure, createdAt, finishedAt, seconds] = row;
  const { segmentKey: _, ...terms } = stored as Record<string, unknown>;
  return { id, count, made, pattern, terms, state, failure, createdAt, finishedAt, seconds } as BulkJob;
}

function couponOf(row: Row): CouponTerms {
  const [, name, amount, startsAt, endsAt] = row;
  return { name, amount, startsAt, endsAt, ...kindTermsIn(row, 5) } as CouponTerms;
}

export class PostgresBulkJobs implements BulkJobs {
  /**
   * @param sql for short writes
   * @param views for reading
   */
  constructor(readonly sql: Sql, readonly views: Sql) {}

  async add({ id, count, pattern, terms }: BulkRequest): Promise<BulkJob | "reused"> {
    const params = [id, count, pattern, JSON.stringify(storedTerms(terms))];
    const [made] = await retried(this.sql, "Cannot add a job", ADD, params);
    if (made !== undefined) return jobOf(made);
    const [found] = await retried(this.sql, "Cannot read a job", ADDED, params);
    if (found === undefined) {
      throw new Fault("overloaded", `Cannot add a job as too many run: ${RUNNING_MAX}`);
    }
    return found.at(-1) === true ? jobOf(found) : "reused";
  }

  async job(id: number): Promise<BulkJob | undefined> {
    const [row] = await read(this.views, JOB, [id], "bulk_job");
    return row === undefined ? undefined : jobOf(row);
  }

  async jobs(offset: number, limit: number): Promise<Page<BulkJob>> {
    return pageOf(await read(this.views, JOBS, [offset, limit], "bulk_jobs"), jobOf);
  }

  async cancel(id: number): Promise<BulkJob | undefined> {
    await retried(this.sql, "Cannot cancel a job", CANCEL, [id]);
    return await this.job(id);
  }

  async codes(id: number, from: number, limit: number): Promise<CodesPage> {
    const rows = await read(this.views, CODES, [id, from, limit], "bulk_codes");
    const next = rows.length === limit ? rows.at(-1)![0] as number : undefined;
    return { coupons: rows.map(couponOf), next };
  }

  async areEdited(id: number): Promise<boolean> {
    for (let after = 0;;) {
      const [row] = await read(this.views, EDITED, [id, after, LOOKED_AT], "bulk_edited");
      const [count, last, edited] = row!;
      if (edited === true) return true;
      if (count as number < LOOKED_AT) return false;
      after = last as number;
    }
  }
}
