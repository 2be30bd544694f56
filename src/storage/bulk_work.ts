/**
 * How are many coupons made, so that at any moment a job counts exactly its rows? Each batch is one statement: it holds
 * the job's row where it is still the lease's, makes the coupons, and counts those that came to be.
 */
import { type BulkWork, type Codes, Fault, type LeasedJob } from "../ports/mod.ts";
import { TERMS_COLUMNS, TERMS_VALUES } from "./coupon_terms.ts";
import { DURABLE, type Row, SEPARATOR, type Sql, SqlError } from "./sql.ts";
import { isDataError, retried, unavailable } from "./db_errors.ts";

/** Jobs that one holder works on at once, in turn. */
const LEASED_MAX = 16;
/** For how long a holder may be silent. */
const LEASE = "interval '5 seconds'";
/** Batches that look for taken names after one that came upon one: of a pattern that is half taken, all but every 50th. */
const WARY = 50;
const UNIQUE_VIOLATION = "23505";
const LEASED = "clock_timestamp() + " + LEASE;

// The oldest job is the turn of all: whoever works has it, and of several who look at once one locks it. The others see
// it locked, or as it is now, not as it was when they began; else each would take some.
const TAKE = `with turn as materialized (
  select holder, leased_until from bulk_jobs
  where id = (select min(id) from bulk_jobs where state = 'running') and state = 'running'
  for no key update skip locked
),
w as (
  select id from bulk_jobs b
  where state = 'running'
    and (select holder = $1 or leased_until is null or leased_until < clock_timestamp() from turn)
    and (holder = $1 or leased_until is null or leased_until < clock_timestamp())
  order by id limit ${LEASED_MAX} for no key update skip locked
)
update bulk_jobs b set lease = b.lease + 1, holder = $1, leased_until = ${LEASED}
from w where b.id = w.id and ${DURABLE}
returning b.id, b.lease, b.count, b.made, b.pattern`;

/**
 * A batch by its codes $4 and $5. Those that are wanted are the first ones, by the chance that drew them; they are put in
 * by the order of their folds, in which writers wait for each other.
 */
function makeStatement(wanted: string, onConflict: string): string {
  return `with j as materialized (
  select id, count - made wanted, terms from bulk_jobs
  where id = $1 and lease = $2 and made = $3 and state = 'running' and ${DURABLE} for no key update
),
t as materialized (select id job, date_trunc('milliseconds', now()) at, ${TERMS_VALUES} from j),
x as (
  select x.name, x.fold from unnest(string_to_array($4, e'\\x1f'), string_to_array($5, e'\\x1f')) x(name, fold)
  ${wanted}
),
i as (
  insert into coupons (fold, name, job, created_at, updated_at, ${TERMS_COLUMNS})
  select x.fold, x.name, t.job, t.at, t.at, ${TERMS_COLUMNS} from x cross join t
  order by x.fold collate "C"
  ${onConflict}
  returning 1
),
n as (select count(*)::integer made from i)
update bulk_jobs b set made = b.made + n.made, leased_until = ${LEASED},
  state = case when b.made + n.made = b.count then 'done' else b.state end,
  finished_at = case when b.made + n.made = b.count then clock_timestamp() end
from j, n where b.id = j.id
returning b.id, b.lease, b.count, b.made, b.pattern`;
}

/** For codes of which none is taken: else it fails as a whole. Three tenths less of the database's time. */
const MAKE_ALL = makeStatement("limit (select wanted from j)", "");

// A name that is taken already is left out before the rest is counted off; the index has the last word. The look-up is a
// subquery of its own: a join could be planned as one over all coupons.
const MAKE_FREE = makeStatement(
  `where (select c.id from coupons c where c.fold = x.fold) is null
  limit (select wanted from j)`,
  "on conflict (fold) do nothing",
);

const FAIL = `update bulk_jobs set state = 'failed', failure = $3, finished_at = clock_timestamp()
where id = $1 and lease = $2 and state = 'running' and ${DURABLE}`;

const RELEASE = "update bulk_jobs set holder = null, leased_until = null where state = 'running' and holder = $1";

function leasedOf([id, lease, count, made, pattern]: Row): LeasedJob {
  return { id, lease, count, made, pattern } as LeasedJob;
}

/** A row that cannot be stored is not a failure of the database: it would fail again and again. */
function asFault(error: unknown): Error {
  const action = "Cannot make coupons";
  if (!isDataError(error)) return unavailable(error, action);
  return new Fault("data_error", `${action}: ${(error as Error).message}`, { cause: error });
}

export class PostgresBulkWork implements BulkWork {
  /** Batches that are still to be made as if names were taken. */
  #wary = 0;

  constructor(readonly sql: Sql) {}

  async lease(holder: string): Promise<LeasedJob[]> {
    const rows = await retried(this.sql, "Cannot look for jobs", TAKE, [holder], "bulk_lease");
    return rows.map(leasedOf).sort((a, b) => a.id - b.id);
  }

  async make(job: LeasedJob, codes: Codes): Promise<LeasedJob | undefined> {
    if (this.#wary === 0) {
      try {
        return await this.#make(MAKE_ALL, "bulk_make_all", job, codes);
      } catch (error) {
        if (!(error instanceof SqlError && error.sqlstate === UNIQUE_VIOLATION)) throw asFault(error);
        this.#wary = WARY;
      }
    }
    this.#wary--;
    try {
      return await this.#make(MAKE_FREE, "bulk_make_free", job, codes);
    } catch (error) {
      throw asFault(error);
    }
  }

  async #make(text: string, name: string, job: LeasedJob, { names, folds }: Codes): Promise<LeasedJob | undefined> {
    const params = [job.id, job.lease, job.made, names.join(SEPARATOR), folds.join(SEPARATOR)];
    const [row] = await this.sql.query(text, params, name);
    return row === undefined ? undefined : leasedOf(row);
  }

  async fail(job: LeasedJob, failure: string): Promise<void> {
    await retried(this.sql, "Cannot end a job", FAIL, [job.id, job.lease, failure]);
  }

  async release(holder: string): Promise<void> {
    await retried(this.sql, "Cannot let jobs go", RELEASE, [holder]);
  }
}
