/** Under which conditions was measured? */
import type pg from "pg";
import { median } from "./numbers.ts";

const SYNCS = 200;
const PAGE_BYTES = 8_192;

async function said(program: string, ...args: string[]): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

/** Median time of a write of 8 KiB with fdatasync in the folder for temporary files, PostgreSQL's too, in ms. */
async function syncMs(): Promise<number> {
  const path = await Deno.makeTempFile({ prefix: "doorbuster_bench_" });
  const file = await Deno.open(path, { write: true });
  const page = new Uint8Array(PAGE_BYTES);
  const times: number[] = [];
  for (let time = 0; time < SYNCS; time++) {
    const startedAt = performance.now();
    await file.write(page);
    await file.syncData();
    times.push(performance.now() - startedAt);
  }
  file.close();
  await Deno.remove(path);
  return median(times);
}

async function processor(): Promise<string> {
  const text = await Deno.readTextFile("/proc/cpuinfo").catch(() => "");
  return /model name\s*:\s*(.+)/.exec(text)?.[1]?.trim() ?? Deno.build.arch;
}

/** One line about the machine and the versions; to be asked before the load, for it tells how busy others keep it. */
export async function conditions(client: pg.Client): Promise<string> {
  const setting = async (name: string) => (await client.query("select current_setting($1) v", [name])).rows[0].v;
  const wrk = /wrk (?:debian\/)?(\S+)/.exec(await said("wrk", "-v"))?.[1] ?? "?";
  const redis = /v=(\S+)/.exec(await said("redis-server", "--version"))?.[1] ?? "?";
  return [
    `${navigator.hardwareConcurrency} cores (${await processor()}) shared by load generator, server and database, ` +
    `load average before ${Deno.loadavg()[0]!.toFixed(1)}`,
    `write + fdatasync of 8 KiB ${(await syncMs()).toFixed(2)} ms`,
    `PostgreSQL ${await setting("server_version")} (fsync ${await setting("fsync")}, ` +
    `synchronous_commit ${await setting("synchronous_commit")}, WAL segments made before)`,
    `Redis ${redis}, Deno ${Deno.version.deno}, wrk ${wrk}`,
  ].join("; ");
}
