/** How does an operator bring the schema up to date without serving? */
import { readConfig } from "../config/config.ts";
import { openDatabase, whenReached } from "../node/database.ts";
import { openLog } from "../node/log.ts";
import { migrateDatabase } from "../storage/mod.ts";
import { sayFailure } from "./failures.ts";

/** Applies what is missing of the schema. @returns the exit code: 0 it is up to date, 1 it is not */
export async function migrateSchema(): Promise<number> {
  try {
    const config = readConfig();
    const log = await openLog(config.logLevel);
    const database = await openDatabase(config);
    const applied = await whenReached(log, () => migrateDatabase(database));
    console.log(applied.length === 0 ? "The schema is up to date." : `Applied ${applied.join(", ")}.`);
    await database.close();
    return 0;
  } catch (error) {
    sayFailure(error);
    return 1;
  }
}
