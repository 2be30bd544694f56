/** How are the acts of administrators kept? Each is a row before it is done; what became of it is added after. */
import type { AdminAct, AdminActs, AdminActView } from "../ports/mod.ts";
import { retried, unavailable } from "./db_errors.ts";
import { listPartOf, read } from "./reads.ts";
import { DURABLE, ms, type Row, type Sql } from "./sql.ts";

const BEGIN = `insert into admin_acts (at, caller, act, target_parts, address, request_id)
values (case when ${DURABLE} then clock_timestamp() end, $1, $2, $3::text[], $4, $5) returning id`;
const COMPLETE = `update admin_acts set status = $2, code = $3 where id = $1 and status is null and ${DURABLE}`;
const VOUCHES = `update admin_acts set command_id = $3
where id = $1 and act = $2 and status is null and coalesce(command_id, $3) = $3 returning 1`;
/** Acts from before the parts were kept have their target as one part. */
const TARGET = "coalesce(target_parts, case when target = '' then '{}' else array[target] end)";
const PAGE = `select id, ${ms("at")}, caller, act, ${TARGET}, address, request_id, status, code
from admin_acts where $1::bigint = 0 or id < $1 order by id desc limit $2`;

function viewOf([id, at, caller, act, target, address, requestId, status, code]: Row): AdminActView {
  return { id: Number(id), at: Number(at), caller, act, target, address, requestId, status, code } as AdminActView;
}

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
    const rows = await retried(this.sql, "Cannot look up an act", VOUCHES, [id, act, commandId], "vouches");
    return rows.length > 0;
  }

  async complete(id: number, status: number, code: string | null): Promise<void> {
    await retried(this.sql, "Cannot record the outcome of an act", COMPLETE, [id, status, code], "complete_act");
  }

  async page(before: number, limit: number): ReturnType<AdminActs["page"]> {
    return listPartOf(await read(this.sql, PAGE, [before, limit + 1], "acts"), limit, viewOf, ([id]) => Number(id));
  }
}
