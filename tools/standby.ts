/** Where do tests get a synchronous standby? A copy of a running PostgreSQL that follows it, on a port of its own. */
import { Postgres, programPath, run, unprivileged } from "./services.ts";

/** The name by which the standby is known to its primary: as `synchronous_standby_names` has it. */
export const STANDBY = "standby";

/** A standby of a PostgreSQL, which runs. */
export async function startStandby(primary: Postgres): Promise<Postgres> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-standby-" });
  const owner = await unprivileged();
  await Deno.chown(folder, owner.uid ?? null, owner.gid ?? null);
  const options = { ...owner, cwd: folder };
  const standby = new Postgres(folder, options, {
    primary_conninfo: `host=127.0.0.1 port=${primary.port} user=doorbuster application_name=${STANDBY}`,
  });
  try {
    const flags = ["--pgdata", standby.dataDir, "--write-recovery-conf", "--checkpoint", "fast", "--no-sync"];
    await run(programPath("pg_basebackup"), [...flags, "--dbname", primary.url], options);
    await standby.start();
    return standby;
  } catch (error) {
    await standby.stop();
    throw error;
  }
}
