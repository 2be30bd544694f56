/** Does `deno task import` store a file of memberships, tell what it could not, and complete what it began? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { ask, startNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const USERS = 30_000;
const EXPIRED = 1_655_209_411;
const LIVE = 4_000_000_000;

async function runImport(
  args: string[],
  env: Record<string, string>,
): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "import", ...args],
    cwd: ROOT,
    env: { DATABASE_URL: "", DATA_DIR: "/nowhere", ...env },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

function lines(users: number): string[] {
  return Array.from({ length: users }, (_, user) => `u${user},"seg,${user % 3}",${user % 2 === 0 ? LIVE : EXPIRED}`);
}

for (const database of ["PostgreSQL", "embedded"] as const) {
  Deno.test(`an import on ${database} stores a file, again changes nothing, and bad lines are told`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "doorbuster-" });
    const databaseUrl = database === "embedded" ? "" : await freshDatabase();
    const env = { DATABASE_URL: databaseUrl, DATA_DIR: `${folder}/data` };
    const file = `${folder}/users.csv`;
    try {
      const all = lines(USERS);
      await Deno.writeTextFile(file, ["ID,segment,expiredSegment", ...all.slice(0, USERS / 2)].join("\r\n"));
      const half = await runImport([file], env);
      assert.equal(half.code, 0, half.err);
      assert.match(half.out, /^Imported 15,000 memberships, 15,000 of them new, in .*; 0 bad lines\.\n$/);
      await Deno.writeTextFile(file, [...all.slice(0, 9), 'x,"y,1', ...all.slice(9), "u,s,-1", ""].join("\n"));
      const whole = await runImport([file], env);
      assert.equal(whole.code, 1, whole.err);
      assert.match(whole.out, /^Imported 30,000 memberships, 15,000 of them new, in .*; 2 bad lines\.\n$/);
      assert.match(whole.err, /^line 10 is not well-formed CSV$/m);
      assert.match(whole.err, /^line 30002 has an expiredSegment that is not a whole number/m);
      const node = await startNode({ ...databaseUrl !== "" && { databaseUrl }, dataDir: `${folder}/data` });
      try {
        const { body } = await ask(node.url, "GET", "/segments/count");
        const rows = body as unknown as { title: string; usersCount: number }[];
        const wanted = [0, 1, 2].map((segment) => ({ title: `seg,${segment}`, usersCount: USERS / 6 }));
        assert.deepEqual(rows.toSorted((a, b) => a.title < b.title ? -1 : 1), wanted);
        assert.equal((await ask(node.url, "GET", "/api/users/u29999")).status, 200);
      } finally {
        await node.stop();
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("a file whose first line is neither data nor the header ends the import with 2, and nothing is stored", async () => {
  const databaseUrl = await freshDatabase();
  const env = { DATABASE_URL: databaseUrl };
  const file = await Deno.makeTempFile({ prefix: "doorbuster-", suffix: ".csv" });
  const users = async () => {
    const database = await openTestPostgres(databaseUrl);
    try {
      const rows = await database.views.query("select segment, user_id from memberships order by 1, 2");
      return rows.map((row) => row.join("/"));
    } finally {
      await database.close();
    }
  };
  try {
    await Deno.writeTextFile(file, "segment,user_id,expires_at\ngold,u1,1900000000\n");
    const swapped = await runImport([file], env);
    assert.deepEqual([swapped.code, swapped.out], [2, ""]);
    assert.match(swapped.err, /the first line must be a header, ID,segment,expiredSegment, or a record of these/);
    await Deno.writeTextFile(file, "gold;u1;1900000000\n1.23457E+17;gold;4000000000\n".repeat(2));
    const named = await runImport([file], env);
    assert.deepEqual([named.code, named.out], [2, ""]);
    assert.match(named.err, /separated by a semicolon, not by a comma: use --delimiter ';'/);
    assert.equal((await runImport(["--columns", "ID,segment", file], env)).code, 2);
    assert.deepEqual(await users(), []);
    const told = await runImport(["--columns", "segment,id,expiredSegment", "--delimiter", ";", file], env);
    assert.equal(told.code, 1);
    assert.match(
      told.out,
      /^Imported 2 memberships, 2 of them new, .*; 2 duplicates within the file, 0 bad lines\.\n$/,
    );
    assert.match(told.err, /^line 3 is a duplicate within the file: line 1 already has "u1" in "gold"$/m);
    assert.deepEqual(await users(), ["1.23457e+17/gold", "gold/u1"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("an import of a file that does not exist, or into a database that does not, ends with 2", async () => {
  const file = await Deno.makeTempFile({ prefix: "doorbuster-", suffix: ".csv" });
  const nobody = "postgres://doorbuster@127.0.0.1:1/none";
  try {
    await Deno.writeTextFile(file, lines(1).join("\n"));
    for (const [args, env] of [[["/nowhere.csv"], {}], [[file], { DATABASE_URL: nobody }]] as const) {
      const { code, out, err } = await runImport([...args], env);
      assert.equal(code, 2, err);
      assert.deepEqual([out, err.split("\n").length], ["", 2], err);
      assert.match(err, /^doorbuster: Could not import: /);
    }
  } finally {
    await Deno.remove(file);
  }
});
