/** May anyone but its owner read the embedded database? */
import assert from "node:assert/strict";
import { FolderUnusable, openEmbedded } from "../../../src/storage/embedded.ts";
import { withDataDir } from "../../support/data_dir.ts";

/** Modes of a folder and of all that is in it, by path. */
function modesOf(folder: string): Map<string, string> {
  const shown = (path: string) => (Deno.lstatSync(path).mode! & 0o777).toString(8);
  const modes = new Map([[folder, shown(folder)]]);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = `${folder}/${name}`;
    for (const [one, mode] of isDirectory ? modesOf(path) : [[path, shown(path)] as const]) modes.set(one, mode);
  }
  return modes;
}

function assertPrivate(folder: string): void {
  const modes = modesOf(folder);
  assert(modes.size > 900, `${modes.size} files`);
  const wide = [...modes].filter(([path, mode]) => mode !== (Deno.lstatSync(path).isDirectory ? "700" : "600"));
  assert.deepEqual(wide, []);
}

/** Makes files of every kind that the database makes while it serves, by another process under another umask. */
async function serve(folder: string, umask: string): Promise<void> {
  const source = `
    import { openEmbedded } from ${JSON.stringify(new URL("../../../src/storage/embedded.ts", import.meta.url).href)};
    const database = await openEmbedded(${JSON.stringify(folder)});
    await database.views.query("drop table if exists t");
    await database.views.query("create table t as select repeat('x', 100) as a from generate_series(1, 20000)");
    await database.views.query("create index on t (a)");
    await database.views.query("vacuum analyze t");
    await database.views.query("checkpoint");
    await database.close();`;
  const { code, stderr } = await new Deno.Command("sh", {
    args: ["-c", `umask ${umask}; exec "$0" eval "$1"`, Deno.execPath(), source],
    cwd: new URL("../../..", import.meta.url).pathname,
  }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
}

async function withTempDir(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-data-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openEmbedded() makes a folder of mode 0700 and files of mode 0600, whatever the umask, and keeps them so", async () => {
  await withTempDir(async (parent) => {
    const folder = `${parent}/not/there`;
    await serve(folder, "000");
    assertPrivate(folder);
    assert.equal(modesOf(`${parent}/not`).get(`${parent}/not`), "700");
    await serve(folder, "000");
    assertPrivate(folder);
  });
});

Deno.test("openEmbedded() refuses a folder to which others have rights, in one line that mends it, and changes nothing", async () => {
  await withTempDir(async (parent) => {
    for (const [name, mode] of [["a", 0o755], ["b c", 0o710], ["it's", 0o701], ["-d", 0o777], ["e", 0o740]] as const) {
      const folder = `${parent}/${name}`;
      await Deno.mkdir(folder);
      await Deno.chmod(folder, mode);
      const { message } = await openEmbedded(folder).then(() => assert.fail(name), (error) => {
        assert(error instanceof FolderUnusable, String(error));
        return error;
      });
      assert.match(
        message,
        /^DATA_DIR=[^\n]*: must be accessible only to its owner: its mode is 07\d\d; run: chmod go= [^\n]*$/,
      );
      assert.deepEqual([...modesOf(folder).values()], [mode.toString(8)]);
      const command = message.slice(message.indexOf("run: ") + 5);
      assert((await new Deno.Command("sh", { args: ["-c", command], cwd: parent }).output()).success, command);
      assert.deepEqual([...modesOf(folder).values()], ["700"], command);
    }
  });
});

Deno.test("openEmbedded() takes others' rights to files away that an older version gave them", async () => {
  await withDataDir(async (folder) => {
    for (const [path, mode] of modesOf(folder)) {
      if (path !== folder) await Deno.chmod(path, mode === "700" ? 0o755 : 0o666);
    }
    const other = `${folder}/notes.txt`;
    await Deno.writeTextFile(other, "");
    await Deno.chmod(other, 0o644);
    await (await openEmbedded(folder)).close();
    assert.equal(modesOf(folder).get(other), "644", "what is not the database's is left alone");
    await Deno.remove(other);
    assertPrivate(folder);
  });
});
