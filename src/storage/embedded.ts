/** Which database serves where none is configured? PGlite, PostgreSQL in WebAssembly, in a folder of this process. */
import type { PGlite } from "@electric-sql/pglite";
import { makePrivateFolder, makePrivateWithin } from "./private_folder.ts";
import { type Connection, type Database, type Row, type Sql, SqlError } from "./sql.ts";

/** The folder is in use by another process: two on one folder corrupt it silently. */
export class FolderInUse extends Error {
  override readonly name = "FolderInUse";
}

/** The folder cannot be made, not be written to, or others than its owner have rights to it. */
export class FolderUnusable extends Error {
  override readonly name = "FolderUnusable";
}

async function openLock(folder: string): Promise<Deno.FsFile> {
  try {
    const flaw = await makePrivateFolder(folder);
    if (flaw !== undefined) {
      throw new FolderUnusable(`DATA_DIR=${folder}: must be accessible only to its owner: ${flaw}`);
    }
    return await Deno.open(`${folder}/lock`, { create: true, write: true, mode: 0o600 });
  } catch (error) {
    if (error instanceof FolderUnusable) throw error;
    if (Deno.permissions.querySync({ name: "write", path: folder }).state !== "granted") {
      throw new FolderUnusable(
        `DATA_DIR=${folder}: this process may not write there: set DATABASE_URL, or use \`deno task dev\``,
      );
    }
    throw new FolderUnusable(
      `DATA_DIR=${folder}: must be a folder that can be written to: ${(error as Error).message}`,
    );
  }
}

async function lockFolder(folder: string): Promise<Deno.FsFile> {
  const file = await openLock(folder);
  if (await file.tryLock(true)) return file;
  file.close();
  throw new FolderInUse(
    `Cannot open the embedded database as another process uses its folder, and only one can: DATA_DIR=${folder}; ` +
      "stop that process first",
  );
}

/** PGlite's one session, shared by all purposes; it runs one statement at a time. */
class EmbeddedSession implements Connection {
  readonly lost = false;

  constructor(readonly pglite: PGlite) {}

  async query(text: string, params: readonly unknown[] = []): Promise<Row[]> {
    try {
      return (await this.pglite.query(text, params as unknown[], { rowMode: "array" })).rows as unknown as Row[];
    } catch (error) {
      throw asSqlError(error);
    }
  }

  async script(text: string): Promise<void> {
    try {
      await this.pglite.exec(text);
    } catch (error) {
      throw asSqlError(error);
    }
  }

  /** The session is every purpose's; it ends with the database. */
  destroy(): void {}
}

function asSqlError(error: unknown): Error {
  const { code, message } = error as { code?: string; message: string };
  return code === undefined ? error as Error : new SqlError(code, message, { cause: error });
}

/**
 * Opens the embedded database, made where the folder is empty. It survives the end of the process but never calls
 * fsync: a loss of power can lose what was acknowledged.
 *
 * @throws FolderInUse where another process has it open, FolderUnusable where others have rights to it
 */
export async function openEmbedded(folder: string): Promise<Database> {
  const lock = await lockFolder(folder);
  try {
    const files = `${await Deno.realPath(folder)}/pglite`;
    await makePrivateFolder(files);
    // The folder may hold what is not the database's: that is left alone.
    for (const path of [`${folder}/lock`, files]) makePrivateWithin(path);
    const [{ PGlite }, { PrivateFiles }] = await Promise.all([
      import("@electric-sql/pglite"),
      import("./private_files.ts"),
    ]);
    const pglite = await PGlite.create({ fs: new PrivateFiles(files) });
    await pglite.exec("set timezone = 'UTC'; set enable_mergejoin = off; set enable_bitmapscan = off");
    const session = new EmbeddedSession(pglite);
    const sql: Sql = session;
    return {
      description: `the embedded database in ${folder}`,
      embedded: true,
      lanesMax: 1,
      connect: () => Promise.resolve(session),
      activations: sql,
      views: sql,
      reports: sql,
      lists: sql,
      async close() {
        await pglite.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}
