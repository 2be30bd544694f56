/** Does `deno task cluster` say what runs and what to try, and that a node died? */
import assert from "node:assert/strict";
import { freePort } from "../../tools/services.ts";
import { ask } from "../support/node.ts";
import { until } from "../support/until.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

Deno.test("deno task cluster prints one block of what runs and what to try, says which node died, and ends with 1", async () => {
  // A peer's port is 1,000 above its public one.
  let port = freePort();
  while (port > 60_000) port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "tools/cluster.ts", "--nodes", "1", "--port", String(port)],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let said = "";
  const read = (async () => {
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) said += part;
  })();
  let hasEnded = false;
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(() => said.includes("Ctrl-C ends everything."), { what: "the block", timeoutMs: 120_000 });
    const [, pid] = /^ +node1 +http\S+ +\(pid (\d+)\)$/m.exec(said)!;
    for (const part of [`  node1       ${url}  `, "  PostgreSQL  postgres://", `curl -X POST ${url}/api/coupons `]) {
      assert(said.includes(part), part);
    }
    assert.equal((await ask(url, "GET", "/readyz")).status, 200);
    Deno.kill(Number(pid), "SIGKILL");
    const { code } = await child.status;
    await read;
    assert.match(said, new RegExp(`^node1 died \\(pid ${pid}\\): SIGKILL$`, "m"));
    assert.equal(code, 1);
    hasEnded = true;
  } finally {
    if (!hasEnded) child.kill("SIGTERM");
    await Promise.all([child.status, read]);
  }
});
