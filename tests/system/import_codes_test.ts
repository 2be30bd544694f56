/** Does `deno task import:codes` bring a file's coupons in, once, and tell what it could not? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { ask, claim, createCoupon, startNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";
import { until } from "../support/until.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const RUN = ["run", "--allow-net", "--allow-env", "--allow-sys", "--allow-read", "--allow-write"];

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function importCodes(env: Record<string, string>, ...files: string[]): Promise<Said> {
  const args = ["task", "--quiet", "import:codes", ...files];
  const command = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env: { DATABASE_URL: "", ...env } });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** The lines of the file that it told of, beside how far it was. */
function toldOf({ err }: Said): string[] {
  return err.split("\n").filter((line) => line.startsWith("line "));
}

async function withFile(text: string, body: (file: string) => Promise<void>): Promise<void> {
  const file = await Deno.makeTempFile({ prefix: "doorbuster-codes-", suffix: ".csv" });
  try {
    await Deno.writeTextFile(file, text);
    await body(file);
  } finally {
    await Deno.remove(file);
  }
}

Deno.test("import:codes beside a node: its coupons can be claimed; a second run finds them; what is wrong is told", async () => {
  const databaseUrl = await freshDatabase();
  const env = { DATABASE_URL: databaseUrl };
  const node = await startNode({ databaseUrl });
  try {
    await createCoupon(node.url, "TAKEN", 3);
    const good = Array.from({ length: 2_500 }, (_, place) => `CODE-${place},2`);
    await withFile(["name,amount", ...good].join("\r\n"), async (file) => {
      const first = await importCodes(env, file);
      assert.match(
        first.out,
        /^2,500 coupons made in [\d.]+ s; 0 were there as the file has them, 0 otherwise; 0 bad lines\.\n$/,
      );
      assert.equal(first.code, 0, first.err);
      const won = await claim(node.url, "a", "code-2499");
      assert.deepEqual([won.status, won.body.remaining_amount], [200, 1]);
      const second = await importCodes(env, file);
      assert.match(second.out, /^0 coupons made in .* 2,500 were there as the file has them, 0 otherwise; 0 bad/);
      assert.equal(toldOf(second)[0], 'line 2: an identical coupon exists: "CODE-0"');
      assert.equal(toldOf(second).length, 10, "examples");
      assert.match(second.err, /… further coupons that exist as the file has them are only counted/);
      assert.equal(second.code, 0);
    });
    await withFile("name,amount\nNEW,1\ntaken,4\nBAD,0\nnew,1\nTAKEN,3\nNEW,9\n", async (file) => {
      const said = await importCodes(env, file);
      const { code, out } = said;
      assert.match(
        out,
        /^1 coupon made in .* 0 were there as the file has them, 1 otherwise; 3 duplicates within the file, 1 bad line\.\n$/,
      );
      const told = toldOf(said).map((line) => line.replace(/must be.*/, "…")).sort();
      assert.deepEqual(told, [
        'line 3: a coupon with other terms exists: "taken"',
        "line 4: amount …",
        'line 5: is a duplicate within the file: line 2 names "new" already',
        'line 6: is a duplicate within the file: line 3 names "TAKEN" already',
        'line 7: is a duplicate within the file: line 2 names "NEW" already',
      ]);
      assert.equal(code, 1);
    });
    assert.equal((await ask(node.url, "GET", "/api/coupons")).body.meta!.total, 2_502);
  } finally {
    await node.stop();
  }
});

Deno.test("import:codes that is killed in the middle is completed by running it again", async () => {
  const databaseUrl = await freshDatabase();
  const database = await openTestPostgres(databaseUrl);
  const rows = Array.from({ length: 40_000 }, (_, place) => `K-${place}`);
  const stored = async () => (await database.views.query("select count(*)::integer from coupons"))[0]![0] as number;
  try {
    await withFile(["name", ...rows].join("\n"), async (file) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: [...RUN, "src/main.ts", "import-codes", file],
        cwd: ROOT,
        env: { DATABASE_URL: databaseUrl },
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
      await until(async () => await stored() > 5_000, { what: "a part to be stored", timeoutMs: 60_000 });
      child.kill("SIGKILL");
      await child.status;
      const before = await stored();
      assert(before < 40_000 && before % 1_000 === 0, `${before}: whole batches`);
      const { code, out } = await importCodes({ DATABASE_URL: databaseUrl }, file);
      assert.match(out, new RegExp(`^${(40_000 - before).toLocaleString("en-US")} coupons made in `));
      assert.deepEqual([code, await stored()], [0, 40_000]);
    });
  } finally {
    await database.close();
  }
});

Deno.test("import:codes ends with 2 where it cannot go on, and makes nothing", async () => {
  const env = { DATABASE_URL: await freshDatabase() };
  await withFile("name,ammount\nA,5\n", async (file) => {
    const misspelt = await importCodes(env, file);
    assert.deepEqual(
      [misspelt.code, /the first line must name the columns/.test(misspelt.err) && misspelt.out === ""],
      [2, true],
      misspelt.err,
    );
    const away = await importCodes({ DATABASE_URL: "postgres://doorbuster@127.0.0.1:1/none" }, file);
    assert.deepEqual([away.code, /Cannot connect/.test(away.err)], [2, true], away.err);
    assert.equal((await importCodes(env, file, file)).code, 2);
  });
  assert.equal((await importCodes(env)).code, 2);
  assert.equal((await importCodes(env, "/nowhere.csv")).code, 2);
});
