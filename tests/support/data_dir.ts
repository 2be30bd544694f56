/** Where does a test that needs an embedded database get an empty one? */
import { existsSync } from "node:fs";
import { cp } from "node:fs/promises";
import { openEmbedded } from "../../src/storage/embedded.ts";

/**
 * Makes a folder of a new embedded database, without a schema. Making one takes seconds: the run makes one, and each
 * test has a copy, which it deletes.
 *
 * @returns its path
 * @throws {Error} where no run was started
 */
export async function freshDataDir(): Promise<string> {
  const scratch = Deno.env.get("TEST_SCRATCH");
  if (!scratch) throw new Error("Cannot make a database as TEST_SCRATCH is not set: run `deno task test`");
  const made = `${scratch}/embedded`;
  if (!existsSync(made)) {
    const making = await Deno.makeTempDir({ dir: scratch });
    await (await openEmbedded(making)).close();
    await Deno.rename(making, made).catch(async (error) => {
      if (!existsSync(made)) throw error;
      await Deno.remove(making, { recursive: true }); // another test file has made it meanwhile
    });
  }
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-data-" });
  await cp(made, folder, { recursive: true });
  return folder;
}

/** Runs `body` with the folder of a new embedded database, deleted after it. */
export async function withDataDir<T>(body: (dataDir: string) => Promise<T>): Promise<T> {
  const dataDir = await freshDataDir();
  try {
    return await body(dataDir);
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}
