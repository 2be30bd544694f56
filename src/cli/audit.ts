/** How does an operator learn whether all is exact? Every counter is compared with its rows, and nothing is changed. */
import { existsSync } from "node:fs";
import { type Config, ConfigError, readConfig } from "../config.ts";
import { openDatabase } from "../database.ts";
import { audit, type AuditReport, FINDINGS_MAX } from "../scheduler/audit.ts";
import { Pace } from "../scheduler/pace.ts";
import { PostgresAuditRows } from "../storage/audit.ts";
import { PostgresClock } from "../storage/postgres_clock.ts";
import type { Database } from "../storage/sql.ts";

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

async function auditHere(config: Config): Promise<AuditReport> {
  const database = await openExisting(config);
  try {
    return await audit(new Pace(new PostgresAuditRows(database.views, config), new PostgresClock(), SHARE), false);
  } finally {
    await database.close();
  }
}

/** Audits and says what was found. @returns the exit code: 0 exact; 1 not exact; 2 not audited, or not everything */
export async function auditAll(_url: string | undefined): Promise<number> {
  try {
    return tell(await auditHere(readConfig()), console.log);
  } catch (error) {
    for (const line of (error as Error).message.split("\n")) console.error(`doorbuster: Could not audit: ${line}`);
    return NOT_AUDITED;
  }
}
