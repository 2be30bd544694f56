/** How is storage put together? Opened, checked, migrated, and offered by its ports. */
import type { AdminActs, BulkJobs, BulkWork, CouponViews, EligibilityViews, ExportViews } from "../ports/mod.ts";
import type { SaleViews, Store, UserViews } from "../ports/mod.ts";
import type { CouponEvent, CouponKind } from "../domain/coupon.ts";
import type { SaleEvent, SaleKind, SaleSettings } from "../domain/sale.ts";
import { PostgresAdminActs } from "./admin_acts.ts";
import { AttemptPartitions } from "./attempts.ts";
import type { Batch, Job } from "./batch.ts";
import { PostgresBulkJobs } from "./bulk_jobs.ts";
import { PostgresBulkWork } from "./bulk_work.ts";
import { CouponActivator } from "./coupon_activator.ts";
import { couponBatch } from "./coupon_batch.ts";
import { CouponStore } from "./coupon_store.ts";
import { PostgresCouponViews } from "./coupon_views.ts";
import { PostgresExportViews } from "./export_views.ts";
import { type CommitEvents, CommitWatch, heldBack } from "./commit_watch.ts";
import { Lane, type LaneEvents } from "./lane.ts";
import { PostgresEligibility } from "./eligibility.ts";
import { ListBudget } from "./list_budget.ts";
import { MembershipStore } from "./membership_store.ts";
import { migrate } from "./migrate.ts";
import { PostgresClock } from "./postgres_clock.ts";
import { SaleActivator } from "./sale_activator.ts";
import { saleBatch } from "./sale_batch.ts";
import { SaleStore } from "./sale_store.ts";
import { PostgresSaleViews } from "./sale_views.ts";
import { type Database, SqlError } from "./sql.ts";
import { PostgresUserViews } from "./user_views.ts";

/** How often an idle lane looks after its session, in milliseconds. */
const KEEP_MS = 1_000;

/** The server would lose what it acknowledged, as `fsync` or `full_page_writes` is off, or cannot hold every text. */
export class UnsafeDatabase extends Error {
  override readonly name = "UnsafeDatabase";
}

export interface StorageOptions {
  /** Sessions that commit, for each kind of actor; cut to what the database can. */
  readonly lanes: number;
  /** When a sale that is not sold out is over. */
  readonly saleCloses: SaleSettings["closes"];
  /** A turn that could not be sent for so long is given up, in milliseconds. */
  readonly timeoutMs: number;
  /** This node and incarnation, for the rows of its actors; made from Postgres's time, in milliseconds. */
  readonly holder: (now: number) => string;
  /** Whether a server that would lose acknowledged data may serve, for development. */
  readonly allowUnsafe: boolean;
  readonly events: StorageEvents;
}

/** What storage tells of its work. */
export interface StorageEvents extends Pick<LaneEvents, "committed" | "disconnected" | "dataError">, CommitEvents {}

export interface Storage {
  readonly coupons: Store<CouponKind>;
  readonly sales: Store<SaleKind>;
  readonly views: CouponViews;
  readonly eligibility: EligibilityViews;
  readonly saleViews: SaleViews;
  readonly attempts: AttemptPartitions;
  readonly memberships: MembershipStore;
  readonly userViews: UserViews;
  readonly exportViews: ExportViews;
  readonly acts: AdminActs;
  readonly bulkJobs: BulkJobs;
  readonly bulkWork: BulkWork;
  readonly clock: PostgresClock;
  /** Names the database among all: the same for its standbys, another for a copy that was loaded elsewhere. */
  readonly identity: string;
  /** Names of the migrations applied just now. */
  readonly migrated: readonly string[];
  /** Whether a lane has its session, PostgreSQL answered lately, and commits succeed. */
  connected(): boolean;
  /** Whether it was told that commits fail, and not yet that they succeed again. */
  isLost(): boolean;
  /** Since a commit was confirmed, in milliseconds. */
  commitAgeMs(): number;
  /** Ends every session; what waits is not sent. */
  close(): Promise<void>;
}

/** Brings the schema up to date. @throws MigrationError, NotConnected */
export async function migrateDatabase(database: Database): Promise<string[]> {
  const connection = await database.connect();
  try {
    return await migrate(connection);
  } finally {
    connection.destroy();
  }
}

/** Encodings that hold what a name or an id may be; SQL_ASCII holds any bytes. */
const ENCODINGS: readonly unknown[] = ["UTF8", "SQL_ASCII"];

async function refuseUnsafe({ views }: Database, allowUnsafe: boolean): Promise<void> {
  const settings = ["fsync", "full_page_writes", "server_encoding"].map((name) => `current_setting('${name}')`);
  const [row] = await views.query(`select ${settings.join(", ")}`);
  const [fsync, fullPageWrites, encoding] = row!;
  if (!ENCODINGS.includes(encoding)) {
    throw new UnsafeDatabase(
      `Cannot serve on a database that does not hold every text: server_encoding=${encoding}; ` +
        "create it with encoding 'UTF8' template template0",
    );
  }
  if (allowUnsafe || (fsync === "on" && fullPageWrites === "on")) return;
  throw new UnsafeDatabase(
    `Cannot serve on a server that loses acknowledged data: fsync=${fsync}, full_page_writes=${fullPageWrites}; ` +
      "switch both on, or set ALLOW_UNSAFE_DATABASE=true for development",
  );
}

/** A lane's events, from which the watch learns too. */
function laneEvents(events: StorageEvents, watch: CommitWatch): LaneEvents {
  return {
    committed(seconds, parts, stored) {
      // One that stored nothing has waited for nobody.
      if (stored > 0) watch.committed();
      events.committed(seconds, parts, stored);
    },
    disconnected(error) {
      watch.failed(error);
      events.disconnected(error);
    },
    refused: (error) => watch.failed(error),
    dataError: () => events.dataError(),
  };
}

/** Of SQLSTATEs: a role may not do what it asked for. */
const FORBIDDEN = "42501";

async function identityOf({ views }: Database): Promise<string> {
  const oid = "(select oid from pg_database where datname = current_database())";
  try {
    const [row] = await views.query(`select system_identifier::text || '/' || ${oid} from pg_control_system()`);
    return String(row![0]);
  } catch (error) {
    if (error instanceof SqlError && error.sqlstate === FORBIDDEN) return ""; // then the cluster's secret alone tells who is of it.
    throw error;
  }
}

/**
 * Opens storage on a database.
 *
 * @throws UnsafeDatabase, MigrationError where it may not serve; NotConnected while the database cannot be reached
 */
export async function openStorage(database: Database, options: StorageOptions): Promise<Storage> {
  if (!database.embedded) await refuseUnsafe(database, options.allowUnsafe);
  const migrated = await migrateDatabase(database);
  const identity = await identityOf(database);
  const clock = new PostgresClock();
  await clock.follow(() => database.connect());
  const watch = new CommitWatch((silenceMs) => database.connect(silenceMs), clock, options.events);
  const { connect, activations } = heldBack(database, watch);
  const makeLanes = <Event>(batchOf: (jobs: readonly Job<Event>[]) => Batch<Event>) =>
    Array.from(
      { length: Math.min(options.lanes, database.lanesMax) },
      () => new Lane(batchOf, connect, clock, options.timeoutMs, laneEvents(options.events, watch)),
    );
  const couponLanes: Lane<CouponEvent>[] = makeLanes(couponBatch);
  const saleLanes: Lane<SaleEvent>[] = makeLanes(saleBatch);
  const lanes = [...couponLanes, ...saleLanes];
  await Promise.all(lanes.map((lane) => lane.open()));
  let cancelKeep = () => {};
  const keep = () => {
    for (const lane of lanes) lane.keep();
    cancelKeep = clock.after(KEEP_MS, keep);
  };
  keep();
  // The embedded database cannot be lost.
  if (!database.embedded) watch.start();
  const { views, reports } = database;
  const list = () => new ListBudget(database.lists, clock);
  const holder = options.holder(clock.now());
  return {
    coupons: new CouponStore(activations, new CouponActivator(activations, holder), couponLanes, holder),
    sales: new SaleStore(activations, new SaleActivator(activations, holder), saleLanes, holder),
    views: new PostgresCouponViews(views, list()),
    // Claims and acts wait for no session that lists may take.
    eligibility: new PostgresEligibility(activations),
    saleViews: new PostgresSaleViews(
      { keyed: views, sales: list(), items: list(), attempts: reports },
      clock,
      options.saleCloses,
    ),
    attempts: new AttemptPartitions(activations),
    memberships: new MembershipStore(activations),
    userViews: new PostgresUserViews(reports, clock),
    exportViews: new PostgresExportViews(reports),
    acts: new PostgresAdminActs(activations),
    bulkJobs: new PostgresBulkJobs(activations, reports),
    bulkWork: new PostgresBulkWork(activations),
    clock,
    identity,
    migrated,
    connected: () => clock.isFollowed && lanes.some((lane) => lane.connected) && watch.succeeds,
    isLost: () => watch.isLost,
    commitAgeMs: () => watch.ageMs,
    async close() {
      clock.stop();
      watch.stop();
      cancelKeep();
      for (const lane of lanes) lane.close();
      await database.close();
    },
  };
}
