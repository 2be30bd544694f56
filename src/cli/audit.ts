/** How does an operator learn whether all is exact? Every counter is compared with its rows, and nothing is changed. */
import { existsSync } from "node:fs";
import type { AuditReport } from "../ports/mod.ts";
import { type Config, ConfigError, readConfig } from "../config/config.ts";
import { openDatabase } from "../node/database.ts";
import { audit, FINDINGS_MAX } from "../scheduler/audit.ts";
import { Pace } from "../scheduler/pace.ts";
import { originOf } from "../config/settings.ts";
import { PostgresAuditRows } from "../storage/audit.ts";
import { FolderInUse } from "../storage/embedded.ts";
import { PostgresClock } from "../storage/postgres_clock.ts";
import type { Database } from "../storage/sql.ts";
import { sayReason } from "./failures.ts";

const EXACT = 0;
const NOT_EXACT = 1;
const NOT_AUDITED = 2;
const LOCAL = "http://127.0.0.1:8080";
/** All of the time of one session: an operator waits for it. */
const SHARE = 1;

function openExisting(config: Config): Promise<Database> {
  const { databaseUrl, dataDir } = config;
  if (databaseUrl === undefined && !existsSync(`${dataDir}/pglite`)) {
    throw new ConfigError(`DATA_DIR=${dataDir}: holds no database, and DATABASE_URL is not set`);
  }
  return openDatabase(config, { activations: 1, views: 1 });
}

/** The node of this folder, as the settings have it: of any address, the one that this machine reaches. */
function nodeOf({ host, port }: Config): string {
  return originOf(host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host, port);
}

/** Has a running node audit. @throws Error of one line where it does not */
async function auditBy(url: string, token: string | undefined): Promise<AuditReport> {
  const headers: HeadersInit = token === undefined ? {} : { authorization: `Bearer ${token}` };
  let response: Response;
  try {
    response = await fetch(new URL("/api/audits", url), { method: "POST", headers });
  } catch {
    throw new Error(`no node answers at ${url}; name the node with --url`);
  }
  if (response.ok) return await response.json();
  const { code, title } = await response.json().catch(() => ({})) as { code?: string; title?: string };
  const hint = response.status === 401 ? "; set ADMIN_TOKEN to that node's" : "";
  throw new Error(`${url} answers ${response.status} ${code ?? "without a reason"}: ${title ?? "not a node?"}${hint}`);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Tells a report, line by line; returns the exit code. */
export function tell({ coupons, sales, findings, busy }: AuditReport, say: (line: string) => void): number {
  for (const { object, counter, says, rows } of findings) say(`${object}: ${counter} says ${says}, rows say ${rows}`);
  for (const name of busy) say(`${name}: busy, not audited`);
  const looked = `${counted(coupons, "coupon")} and ${counted(sales, "sale")}`;
  const more = findings.length >= FINDINGS_MAX ? "at least " : "";
  if (findings.length > 0) say(`Not exact: ${more}${counted(findings.length, "finding")} in ${looked}.`);
  else say(busy.length > 0 ? `Not all audited: ${busy.length} busy, of ${looked}.` : `Exact: ${looked}.`);
  return findings.length > 0 ? NOT_EXACT : busy.length > 0 ? NOT_AUDITED : EXACT;
}

async function auditHere(config: Config): Promise<AuditReport> {
  const database = await openExisting(config);
  try {
    return await audit(new Pace(new PostgresAuditRows(database.reports, config), new PostgresClock(), SHARE), false);
  } finally {
    await database.close();
  }
}

/** Audits here; where a node uses the embedded database's folder, that node audits. */
async function auditHereOrThere(config: Config): Promise<AuditReport> {
  try {
    return await auditHere(config);
  } catch (error) {
    if (!(error instanceof FolderInUse)) throw error;
    return await auditBy(nodeOf(config), config.callers?.adminToken).catch(({ message }) => {
      throw new Error(`another process uses DATA_DIR=${config.dataDir}, and ${message}`);
    });
  }
}

/**
 * Audits and says what was found.
 *
 * @param url of a running node that audits in place of this process
 * @returns the exit code: 0 exact; 1 not exact; 2 not audited, or not everything
 */
export async function auditAll(url: string | undefined): Promise<number> {
  try {
    const config = readConfig();
    if (url === undefined) return tell(await auditHereOrThere(config), console.log);
    if (!/^https?:$/.test(URL.parse(url)?.protocol ?? "")) {
      throw new Error(`--url ${url}: must be a URL such as ${LOCAL}`);
    }
    return tell(await auditBy(url, config.callers?.adminToken), console.log);
  } catch (error) {
    sayReason("Could not audit", error);
    return NOT_AUDITED;
  }
}
