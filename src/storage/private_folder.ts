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
  return `its mode is ${rights}; run: chmod -R go= ${quoted(folder)}`;
}

/** Takes away what rights others have to anything in a folder, such as an older version gave them. */
export function makePrivateWithin(folder: string): void {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    if (!isDirectory && !isFile) continue;
    const path = `${folder}/${name}`;
    const { mode } = Deno.lstatSync(path);
    if (mode !== null && (mode & OTHERS) !== 0) {
      Deno.chmodSync(path, isDirectory ? OWNER_ONLY_FOLDER : OWNER_ONLY_FILE);
    }
    if (isDirectory) makePrivateWithin(path);
  }
}

/** As a word of a POSIX shell. */
function quoted(path: string): string {
  const word = /^-/.test(path) ? `./${path}` : path;
  return /^[\w./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
