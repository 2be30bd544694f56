/**
 * How does an operator learn whether all is exact? `deno task audit` holds every counter of the database against its
 * rows, beside nodes that serve or without one, and changes nothing. Exit code: 0 exact; 1 not exact; 2 it could not
 * look, or not at everything.
 */
import { existsSync } from "node:fs";
import { type Config, ConfigError, readConfig } from "./config.ts";
import { openDatabase } from "./database.ts";
import { audit, type AuditReport, FINDINGS_MAX } from "./scheduler/audit.ts";
import { Pace } from "./scheduler/pace.ts";
import { PostgresAuditRows } from "./storage/audit.ts";
import { PostgresClock } from "./storage/postgres_clock.ts";
import type { Database } from "./storage/sql.ts";

const EXACT = 0;
const NOT_EXACT = 1;
const NOT_AUDITED = 2;
/** All of the time of one session: an operator waits for it. */
const SHARE = 1;

function openExisting(config: Config): Promise<Database> {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl === undefined && !existsSync(`${dataDir}/pglite`)) {
    throw new ConfigError(`DATA_DIR=${dataDir}: holds no database, and DATABASE_URL is not set`);
  }
  return openDatabase(config, { activations: 1, views: 1 });
}

/** Tells a report, line by line; returns the exit code. */
export function tell({ coupons, sales, findings, busy }: AuditReport, say: (line: string) => void): number {
  for (const { object, counter, says, rows } of findings) say(`${object}: ${counter} says ${says}, rows say ${rows}`);
  for (const name of busy) say(`${name}: busy, not audited`);
  const more = findings.length >= FINDINGS_MAX ? " or more" : "";
  const looked = `${coupons} coupons and ${sales} sales`;
  if (findings.length > 0) say(`Not exact: ${findings.length}${more} findings in ${looked}.`);
  else say(busy.length > 0 ? `Not all audited: ${busy.length} busy, of ${looked}.` : `Exact: ${looked}.`);
  return findings.length > 0 ? NOT_EXACT : busy.length > 0 ? NOT_AUDITED : EXACT;
}

async function main(): Promise<number> {
  const config = readConfig();
  const database = await openExisting(config);
  try {
    const pace = new Pace(new PostgresAuditRows(database.views, config), new PostgresClock(), SHARE);
    return tell(await audit(pace, false), console.log);
  } finally {
    await database.close();
  }
}

if (import.meta.main) {
  let code = NOT_AUDITED;
  try {
    code = await main();
  } catch (error) {
    console.error(`doorbuster: Could not audit: ${(error as Error).message}`);
  }
  Deno.exit(code);
}
