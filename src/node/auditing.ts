/** Reports the findings of audits in the log and the metrics. */
import type { Logger } from "@logtape/logtape";
import type { Clock } from "../ports/mod.ts";
import type { BackgroundLog } from "./background_log.ts";
import type { Config } from "../config/config.ts";
import type { Metrics } from "../http/metrics.ts";
import { Auditor } from "../scheduler/auditor.ts";
import { PostgresAuditRows } from "../storage/audit.ts";
import type { Sql } from "../storage/sql.ts";

/** Starts a node's audits. Findings are logged as errors and never stop the node. */
export function startAuditor(
  config: Pick<Config, "saleCloses" | "keepAttemptsMs" | "auditEveryMs">,
  log: Logger,
  background: BackgroundLog,
  metrics: Pick<Metrics, "audited">,
  sql: Sql,
  clock: Clock,
): Auditor {
  const auditor = new Auditor(new PostgresAuditRows(sql, config), clock, config.auditEveryMs, {
    audited({ coupons, sales, findings, busy }) {
      metrics.audited(findings.length, busy.length);
      for (const finding of findings) {
        log.error("Not exact: {object}: {counter} says {says}, rows say {rows}", { ...finding });
      }
      if (busy.length > 0) log.warn("Not audited, because they changed too often: {busy}", { busy });
      log.info("Audited {coupons} coupons and {sales} sales", { coupons, sales });
    },
    failed: (error) => background.failed("Cannot audit: {error}", error),
  });
  auditor.start();
  return auditor;
}
