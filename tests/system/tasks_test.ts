/** Do the tasks work with the permissions that they have? */
import assert from "node:assert/strict";

const ROOT = new URL("../..", import.meta.url).pathname;

async function task(name: string, env: Record<string, string>): Promise<{ code: number; said: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", name],
    cwd: ROOT,
    env: { DATABASE_URL: "", PORT: "0", ...env },
    stdin: "null",
  }).output();
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("a task writes the embedded database where DATA_DIR says, also into a folder with blanks in its name", async () => {
  const parent = await Deno.makeTempDir({ prefix: "doorbuster-data-" });
  try {
    const DATA_DIR = `${parent}/my data`;
    const { code, said } = await task("migrate", { DATA_DIR });
    assert.equal(code, 0, said);
    assert.match(said, /^Applied 0001_coupons/m);
    assert(Deno.statSync(`${DATA_DIR}/pglite`).isDirectory);
    assert.match((await task("audit", { DATA_DIR })).said, /^Exact: /m);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("deno task start serves from PostgreSQL alone, and says so in one line", async () => {
  const parent = await Deno.makeTempDir({ prefix: "doorbuster-data-" });
  try {
    const { code, said } = await task("start", { DATA_DIR: `${parent}/data` });
    assert.equal(code, 1);
    assert.match(said, /^doorbuster: DATA_DIR=.*: this process may not write there: set DATABASE_URL, or use .*\n$/);
    assert.deepEqual([...Deno.readDirSync(parent)], []);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});
