/** Does `deno task import:codes` bring a file's coupons in, once, and tell what it could not? */
import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
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
        /^2,500 coupons made in [\d.]+ s; 0 existed with the same terms, 0 with other terms; 0 bad lines\.\n$/,
      );
      assert.equal(first.code, 0, first.err);
      const won = await claim(node.url, "a", "code-2499");
      assert.deepEqual([won.status, won.body.remaining_amount], [200, 1]);
      const second = await importCodes(env, file);
      assert.match(second.out, /^0 coupons made in .* 2,500 existed with the same terms, 0 with other terms; 0 bad/);
      assert.equal(toldOf(second)[0], 'line 2: an identical coupon exists: "CODE-0"');
      assert.equal(toldOf(second).length, 10, "examples");
      assert.match(second.err, /… further identical coupons are only counted/);
      assert.equal(second.code, 0);
    });
    await withFile("name,amount\nNEW,1\ntaken,4\nBAD,0\nnew,1\nTAKEN,3\nNEW,9\n", async (file) => {
      const said = await importCodes(env, file);
      const { code, out } = said;
      assert.match(
        out,
        /^1 coupon made in .* 0 existed with the same terms, 1 with other terms; 3 duplicates within the file, 1 bad line\.\n$/,
      );
      const told = toldOf(said).map((line) => line.replace(/must be.*/, "…")).sort();
      assert.deepEqual(told, [
        'line 3: a coupon with other terms exists: "taken"',
        "line 4: amount …",
        'line 5: is a duplicate within the file: line 2 already names "new"',
        'line 6: is a duplicate within the file: line 3 already names "TAKEN"',
        'line 7: is a duplicate within the file: line 2 already names "NEW"',
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

Deno.test("codes.csv of a bulk job and import:codes are inverse to each other, whatever the terms", async () => {
  const [from, to] = [await freshDatabase(), await freshDatabase()];
  const [one, other] = [await startNode({ databaseUrl: from }), await startNode({ databaseUrl: to })];
  const jobs = [
    { count: 3, pattern: "PLAIN-####" },
    {
      count: 3,
      pattern: '=1+"#,#";–####',
      amount: 7,
      starts_at: "2026-01-02T03:04:05.678Z",
      ends_at: "2031-01-01T00:00:00Z",
    },
    {
      count: 3,
      unguessable: true,
      kind: "discount",
      percent_off: "12.5",
      max_discount: 9,
      min_order: "20.01",
      segment: "VIP, old",
    },
    { count: 3, pattern: "OFF-####", kind: "discount", amount_off: 5, amount: 2 },
    { count: 3, pattern: "GIFT-####", kind: "charge", credit: "1000000" },
  ];
  try {
    for (const [place, job] of jobs.entries()) {
      const { body: { id } } = await ask(one.url, "POST", "/api/coupons/bulk", job) as { body: { id?: number } };
      const state = async () => (await ask(one.url, "GET", `/api/bulk/${id}`)).body as { state?: string };
      await until(async () => (await state()).state === "done", { what: "the job to be done", timeoutMs: 30_000 });
      const text = await (await fetch(`${one.url}/api/bulk/${id}/codes.csv`)).text();
      await withFile(text, async (file) => {
        const first = await importCodes({ DATABASE_URL: to }, file);
        assert.deepEqual([first.code, /^3 coupons made/.test(first.out)], [0, true], first.err + first.out);
        const back = await importCodes({ DATABASE_URL: from }, file);
        assert.match(back.out, /^0 coupons made in .*; 3 existed with the same terms/, String(place));
        assert.equal(back.code, 0);
      });
      const names: string[] = parse(text, { columns: true }).map((row) => (row as { name: string }).name);
      for (const name of names) {
        const [made, imported] = await Promise.all([one, other].map(async ({ url }) => {
          const { created_at: _c, updated_at: _u, ...coupon } =
            (await ask(url, "GET", `/api/coupons/${encodeURIComponent(name)}`)).body as Record<string, unknown>;
          return coupon;
        }));
        assert.equal(made!["name"], name);
        assert.deepEqual(imported, made);
      }
    }
  } finally {
    await one.stop();
    await other.stop();
  }
});

Deno.test("import:codes reads a file without a header, or with another separator, as it is told", async () => {
  const databaseUrl = await freshDatabase();
  const env = { DATABASE_URL: databaseUrl };
  await withFile("A-1;5\nA-2;\n", async (file) => {
    const unknown = await importCodes(env, file);
    assert.deepEqual([unknown.code, unknown.out], [2, ""], "nothing is stored");
    const made = await importCodes(env, "--columns", "name,amount", "--delimiter", ";", file);
    assert.deepEqual([made.code, /^2 coupons made/.test(made.out)], [0, true], made.err);
    for (const args of [["--columns", "name,ammount"], ["--delimiter", ";;"], ["--delimiter", '"']]) {
      assert.equal((await importCodes(env, ...args, file)).code, 2, args.join(" "));
    }
  });
  await withFile("name;amount\nA-3;5\n", async (file) => {
    const said = await importCodes(env, file);
    assert.deepEqual([said.code, said.out], [2, ""]);
    assert.match(said.err, /separated by a semicolon, not by a comma: use --delimiter ';'/);
    assert.match((await importCodes(env, "--delimiter", ";", file)).out, /^1 coupon made/);
  });
});
