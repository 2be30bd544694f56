/** How is a folder made that its owner alone may read and write? */

const OWNER_ONLY_FOLDER = 0o700;
const OWNER_ONLY_FILE = 0o600;
/** Rights of anyone but the owner. */
const OTHERS = 0o077;

/**
 * Makes the folder where there is none.
 *
 * @returns how to mend it, where it was there and others than its owner have rights to it
 * @throws Deno.errors where it can be none
 */
export async function makePrivateFolder(folder: string): Promise<string | undefined> {
  await Deno.mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  const { mode } = await Deno.stat(folder);
  if (mode === null || (mode & OTHERS) === 0) return undefined;
  const rights = (mode & 0o777).toString(8).padStart(4, "0");
  return `its mode is ${rights}; run: chmod go= ${quoted(folder)}`;
}

/** Takes away what rights others have to a folder or file and to all in it, such as an older version gave them. */
export function makePrivateWithin(path: string): void {
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
