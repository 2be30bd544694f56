/** Which database serves where none is configured? PGlite, PostgreSQL in WebAssembly, in a folder of this process. */
import type { PGlite } from "@electric-sql/pglite";
import { type Connection, type Database, type Row, type Sql, SqlError } from "./sql.ts";

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
/** Rights of anyone but the owner. */
const OTHERS = 0o077;

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
    return await Deno.open(`${folder}/lock`, { create: true, write: true, mode: OWNER_ONLY_FILE });
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

/**
 * Makes the folder where there is none.
 *
 * @returns how to mend it, where it was there and others than its owner have rights to it
 * @throws Deno.errors where it can be none
 */
async function makePrivateFolder(folder: string): Promise<string | undefined> {
  await Deno.mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const { mode } = await Deno.stat(folder);
  if (mode === null || (mode & OTHERS) === 0) return undefined;
  const rights = (mode & 0o777).toString(8).padStart(4, "0");
  return `its mode is ${rights}; run: chmod go= ${quoted(folder)}`;
}

/** Takes away what rights others have to a folder or file and to all in it, such as an older version gave them. */
function makePrivateWithin(path: string): void {
  const { mode, isDirectory, isFile } = Deno.lstatSync(path);
  if (!isDirectory && !isFile) return;
  if (mode !== null && (mode & OTHERS) !== 0) Deno.chmodSync(path, isDirectory ? OWNER_ONLY_FOLDER : OWNER_ONLY_FILE);
  if (isDirectory) { for (const { name } of Deno.readDirSync(path)) makePrivateWithin(`${path}/${name}`); }
}

/** As a word of a POSIX shell. */
function quoted(path: string): string {
  const word = /^-/.test(path) ? `./${path}` : path;
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
