/** How are the acts of administrators kept? Each is a row before it is done; what became of it is added after. */
import type { AdminAct, AdminActs, AdminActView } from "../ports/mod.ts";
import { DURABLE, type Sql } from "./sql.ts";
import { retryOnLostConnection, unavailable } from "./db_errors.ts";

const BEGIN = `insert into admin_acts (at, caller, act, target_parts, address, request_id)
values (case when ${DURABLE} then clock_timestamp() end, $1, $2, $3::text[], $4, $5) returning id`;
const COMPLETE = `update admin_acts set status = $2, code = $3 where id = $1 and status is null and ${DURABLE}`;
const VOUCHES = `update admin_acts set command_id = $3
where id = $1 and act = $2 and status is null and coalesce(command_id, $3) = $3 returning 1`;
/** Acts from before the parts were kept have their target as one part. */
const TARGET = "coalesce(target_parts, case when target = '' then '{}' else array[target] end)";
const PAGE =
  `select id, (extract(epoch from at) * 1000)::bigint, caller, act, ${TARGET}, address, request_id, status, code
from admin_acts where $1::bigint = 0 or id < $1 order by id desc limit $2`;

/** The trail over a database. */
export class PostgresAdminActs implements AdminActs {
  constructor(readonly sql: Sql) {}

  async begin({ caller, act, target, address, requestId }: AdminAct): Promise<number> {
    try {
      // Not sent again: a row without an outcome says that something may have been done.
      const [row] = await this.sql.query(BEGIN, [caller, act, target, address, requestId], "begin_act");
      return Number(row![0]);
    } catch (error) {
      throw unavailable(error, "Cannot record an act");
    }
  }

  async vouches(id: number, act: string, commandId: string): Promise<boolean> {
    const rows = await retryOnLostConnection("Cannot look an act up", () => {
      return this.sql.query(VOUCHES, [id, act, commandId], "vouches");
    });
    return rows.length > 0;
  }

  async complete(id: number, status: number, code: string | null): Promise<void> {
    await retryOnLostConnection(
      "Cannot record what became of an act",
      () => this.sql.query(COMPLETE, [id, status, code], "complete_act"),
    );
  }

  async page(before: number, limit: number): Promise<{ data: AdminActView[]; next: number | undefined }> {
    const rows = await retryOnLostConnection("Cannot read", () => this.sql.query(PAGE, [before, limit + 1], "acts"));
    const data = rows.slice(0, limit).map(([id, at, caller, act, target, address, requestId, status, code]) => {
      return { id: Number(id), at: Number(at), caller, act, target, address, requestId, status, code } as AdminActView;
    });
    return { data, next: rows.length > limit ? data.at(-1)!.id : undefined };
  }
}
