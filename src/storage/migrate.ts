/** How does the schema come to be, and may this code run on the one it finds? */
import { type Migration, MIGRATIONS } from "./migrations/mod.ts";
import { MigrationError } from "./migration_error.ts";
import { type Connection, type Row, SqlError } from "./sql.ts";

export { MigrationError };

/** Any number that only Doorbuster's migrations lock. */
const ADVISORY_LOCK = 7_306_481;

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What must not be edited: the SQL, and a step without its imports, which only say where other files are. */
function frozenText({ sql, step }: Migration): string {
  return step === undefined ? sql : `${sql}\n${step.source.replace(/^import [^;]*;\n/gm, "")}`;
}

/** The oldest code that may run on the schema after this file: its header line `-- compatible-with: N`. */
function compatibleWith(migration: Migration): number {
  const match = /^-- compatible-with: (\d+)$/m.exec(migration.sql);
  if (match === null) throw new MigrationError(`Migration ${migration.name} has no line "-- compatible-with: N"`);
  return Number(match[1]);
}

/**
 * Applies each migration once, in order, each in its own transaction, under a lock: any number of processes may start
 * at once.
 *
 * @returns the names of those that were applied now
 * @throws MigrationError where an applied file was edited since, or the schema is newer than this code and does not say
 * that this code may run on it, or the server refuses a statement
 */
export async function migrate(
  connection: Connection,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<string[]> {
  await connection.script("set statement_timeout = 0; set lock_timeout = 0");
  await connection.query("select pg_advisory_lock($1)", [ADVISORY_LOCK]);
  try {
    return await applyAll(connection, migrations);
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    throw new MigrationError(
      `Cannot bring the schema up to date: ${error.message} (SQLSTATE ${error.sqlstate}); ` +
        "it must be Doorbuster's own, and its role be allowed to change it",
      { cause: error },
    );
  } finally {
    // A session that ended has let go.
    if (!connection.lost) await connection.query("select pg_advisory_unlock($1)", [ADVISORY_LOCK]);
  }
}

async function applyAll(connection: Connection, migrations: readonly Migration[]): Promise<string[]> {
  const [[exists]] = await connection.query(
    "select exists (select from pg_tables where schemaname = current_schema() and tablename = 'migrations')",
  ) as [Row];
  if (exists !== true) {
    await connection.script(`create table migrations (
      number integer primary key, name text not null, sha256 text not null, compatible_with integer not null,
      applied_at timestamptz not null default now())`);
  }
  const rows = await connection.query("select number, name, sha256, compatible_with from migrations order by number");
  const applied = new Map(rows.map(([number, name, sum, least]) => [
    Number(number),
    { name: String(name), sum: String(sum), least: Number(least) },
  ]));
  const newest = migrations.at(-1)?.number ?? 0;
  for (const [number, { name, least }] of applied) {
    if (number > newest && least > newest) {
      throw new MigrationError(
        `Cannot run on this schema as it is newer than this code: ${name} needs code that knows migration ${least}, ` +
          `this code knows ${newest}`,
      );
    }
  }
  const done: string[] = [];
  for (const migration of migrations) {
    const sum = await sha256(frozenText(migration));
    const before = applied.get(migration.number);
    if (before === undefined) {
      await apply(connection, migration, sum);
      done.push(migration.name);
    } else if (before.sum !== sum) {
      throw new MigrationError(`Migration ${before.name} was edited after it was applied: write a new one instead`);
    }
  }
  return done;
}

async function apply(connection: Connection, migration: Migration, sum: string): Promise<void> {
  await connection.script("begin");
  try {
    await connection.script(migration.sql);
    await migration.step?.run(connection);
    await connection.query(
      "insert into migrations (number, name, sha256, compatible_with) values ($1, $2, $3, $4)",
      [migration.number, migration.name, sum, compatibleWith(migration)],
    );
    await connection.script("commit");
  } catch (error) {
    if (!connection.lost) await connection.script("rollback");
    throw error;
  }
}
