/** Does Redis by the deployment's own command keep its password to itself? */
import assert from "node:assert/strict";
import { freePort, programPath } from "../../tools/services.ts";
import { service } from "../support/compose.ts";
import { until } from "../support/until.ts";

const PASSWORD = "hunter2-of-redis";

/** Sends a command in Redis's own protocol; returns what comes back. */
async function say(port: number, text: string): Promise<string> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    await connection.write(new TextEncoder().encode(text));
    const bytes = new Uint8Array(1_000);
    return new TextDecoder().decode(bytes.subarray(0, await connection.read(bytes) ?? 0));
  } finally {
    connection.close();
  }
}

Deno.test("Redis asks for its password, shows it to no one in the process list, and ends by SIGTERM", async () => {
  const port = freePort();
  const [shell, ...words] = service("redis").command!.map((word) => word.replaceAll("$$", "$"));
  // The redis-server of this machine, on a port of its own.
  const args = words.map((word) => word.replace("redis-server -", `"$REDIS" - --port ${port} --bind 127.0.0.1`));
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-redis-" });
  const child = new Deno.Command(shell!, {
    args,
    cwd: folder,
    clearEnv: true,
    env: { REDISCLI_AUTH: PASSWORD, REDIS: programPath("redis-server") },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await until(async () => /^-NOAUTH/.test(await say(port, "PING\r\n").catch(() => "")), { what: "Redis to answer" });
    assert.match(await say(port, "AUTH wrong\r\n"), /^-WRONGPASS/);
    assert.match(await say(port, `AUTH ${PASSWORD}\r\nPING\r\n`), /^\+OK/);
    const shown = await Deno.readTextFile(`/proc/${child.pid}/cmdline`);
    assert(shown.includes("redis-server") && !shown.includes(PASSWORD), shown);
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
    assert.deepEqual([...Deno.readDirSync(folder)], [], "it keeps nothing");
  } finally {
    try {
      child.kill("SIGKILL");
    } catch { /* it has ended */ }
    await child.status;
    await Deno.remove(folder, { recursive: true });
  }
});
