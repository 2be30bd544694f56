/**
 * Is one fact in one place? One patch adds a route, another a kind of coupon. Each touches few files, and the gate passes on a
 * copy of the project to which both are applied. Where a patch no longer applies, make the same change again and store its diff.
 */
import assert from "node:assert/strict";
import { applyPatch, parsePatch } from "diff";

const ROOT = new URL("../..", import.meta.url).pathname;
const NO_FILE = "/dev/null";

interface Change {
  readonly path: string;
  /** @throws Error where the file is not what the patch was made for */
  apply(folder: string): Promise<void>;
}

async function changesOf(patch: string): Promise<Change[]> {
  const text = await Deno.readTextFile(new URL(`../fixtures/${patch}.patch`, import.meta.url));
  return parsePatch(text).map((file) => {
    const path = file.newFileName!.replace(/^b\//, "");
    return {
      path,
      async apply(folder) {
        const before = file.oldFileName === NO_FILE ? "" : await Deno.readTextFile(`${folder}/${path}`);
        const after = applyPatch(before, file, { fuzzFactor: 2 });
        if (after === false) throw new Error(`Cannot apply ${patch}.patch to ${path}`);
        await Deno.writeTextFile(`${folder}/${path}`, after);
      },
    };
  });
}

/** Copies what the gate looks at. */
async function copyTo(folder: string): Promise<void> {
  for (const name of [".ci", "src", "tests", "bench", "tools", "deploy", "docs"]) await copy(name, folder);
  for await (const { name, isFile } of Deno.readDir(ROOT)) {
    if (isFile) await Deno.copyFile(ROOT + name, `${folder}/${name}`);
  }
}

async function copy(path: string, folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/${path}`, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(ROOT + path)) {
    if (isDirectory) await copy(`${path}/${name}`, folder);
    else await Deno.copyFile(`${ROOT}${path}/${name}`, `${folder}/${path}/${name}`);
  }
}

const inFolder = (changes: readonly Change[], folder: string) =>
  changes.map(({ path }) => path).filter((path) => path.startsWith(`${folder}/`)).toSorted();

Deno.test("a route is one file of src/http and its handler, and a kind of coupon at most six files", async () => {
  const route = await changesOf("add_route");
  assert.deepEqual(inFolder(route, "src"), [
    "src/http/handlers/coupons.ts",
    "src/http/routes/coupons.ts",
  ]);
  const kind = await changesOf("add_coupon_kind");
  assert(kind.length <= 6, kind.map(({ path }) => path).join());

  const folder = await Deno.makeTempDir({ prefix: "doorbuster-copy-" });
  try {
    await copyTo(folder);
    for (const change of [...route, ...kind]) await change.apply(folder);
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["task", "ok"], cwd: folder })
      .output();
    assert(success, [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).slice(-5_000)).join("\n"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
