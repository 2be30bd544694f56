/** Under which conditions was measured? */
import pg from "pg";

async function said(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return (new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)).split("\n")[0]!.trim();
}

/** Median time of a write of 8 KiB with fdatasync in the folder for temporary files, in milliseconds. */
async function syncMs(): Promise<number> {
  const path = await Deno.makeTempFile();
  const file = await Deno.open(path, { write: true });
  const times: number[] = [];
  for (let time = 0; time < 100; time++) {
    const startedAt = performance.now();
    await file.write(new Uint8Array(8_192));
    await file.syncData();
    times.push(performance.now() - startedAt);
  }
  file.close();
  await Deno.remove(path);
  return times.sort((a, b) => a - b)[50]!;
}

/** One line about the machine and the versions. */
export async function conditions(client: pg.Client): Promise<string> {
  const { rows: [server] } = await client.query(
    "select current_setting('server_version') v, current_setting('fsync') fsync, current_setting('synchronous_commit') s",
  );
  const wrk = /wrk (\S+)/.exec(await said("wrk", "-v"))?.[1] ?? "?";
  const redis = /v=(\S+)/.exec(await said("redis-server", "--version"))?.[1] ?? "?";
  return `${navigator.hardwareConcurrency} cores shared by load generator, server and database; ` +
    `write + fdatasync ${(await syncMs()).toFixed(2)} ms; PostgreSQL ${server.v} (fsync ${server.fsync}, ` +
    `synchronous_commit ${server.s}), Deno ${Deno.version.deno}, Redis ${redis}, wrk ${wrk}`;
}
