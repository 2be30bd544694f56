/** Which migrations does this code know? Add a file, then its line here; never edit one that was released. */
import { normalizeName, normalizeTitle } from "../../domain/name_key.ts";
import type { Connection } from "../sql.ts";
import { rekey } from "./0010_name_keys.ts";
import rekeySource from "./0010_name_keys.ts" with { type: "text" };
import coupons from "./0001_coupons.sql" with { type: "text" };
import sales from "./0002_sales.sql" with { type: "text" };
import users from "./0003_users.sql" with { type: "text" };
import kinds from "./0004_kinds.sql" with { type: "text" };
import callers from "./0005_callers.sql" with { type: "text" };
import bulk from "./0006_bulk.sql" with { type: "text" };
import attempts from "./0007_attempts.sql" with { type: "text" };
import lists from "./0008_lists.sql" with { type: "text" };
import actTargets from "./0009_act_targets.sql" with { type: "text" };
import nameKeys from "./0010_name_keys.sql" with { type: "text" };
import actCommands from "./0012_act_commands.sql" with { type: "text" };

/** One numbered file of schema changes, and what SQL alone cannot do after them. */
export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** Runs after the SQL, in the same transaction. */
  readonly step?: {
    /** What it is made of, never edited either, but for its imports. */
    readonly source: string;
    /** @throws MigrationError where it cannot be done; nothing of the migration is stored then */
    run(connection: Connection): Promise<void>;
  };
}

const NAME_KEYS = {
  source: rekeySource,
  run: (connection: Connection) => rekey(connection, { name: normalizeName, title: normalizeTitle }),
};

/** All migrations, in order. */
export const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: "0001_coupons", sql: coupons },
  { number: 2, name: "0002_sales", sql: sales },
  { number: 3, name: "0003_users", sql: users },
  { number: 4, name: "0004_kinds", sql: kinds },
  { number: 5, name: "0005_callers", sql: callers },
  { number: 6, name: "0006_bulk", sql: bulk },
  { number: 7, name: "0007_attempts", sql: attempts },
  { number: 8, name: "0008_lists", sql: lists },
  { number: 9, name: "0009_act_targets", sql: actTargets },
  { number: 10, name: "0010_name_keys", sql: nameKeys, step: NAME_KEYS },
  { number: 12, name: "0012_act_commands", sql: actCommands },
];
