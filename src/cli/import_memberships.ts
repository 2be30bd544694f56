/** How do millions of users come in? A file's memberships are stored in batches, beside nodes that serve or without. */
import { runImport, shown, type Teller } from "./import_file.ts";
import { readMemberships } from "../membership_csv.ts";
import { importMemberships, type ImportProgress } from "../membership_import.ts";
import { MembershipStore } from "../storage/membership_store.ts";
import type { Database } from "../storage/sql.ts";

/** Sessions that store at once. */
const SESSIONS = 2;
/** What a batch may take, in milliseconds: much longer than it does, beside nodes that change the same segments. */
const BATCH_TIMEOUT_MS = 30_000;

async function importFile(file: Deno.FsFile, database: Database, teller: Teller): Promise<boolean> {
  const store = new MembershipStore(database.activations);
  const rate = (stored: number) => shown(Math.round(stored / teller.seconds));
  let told = 0;
  const events = {
    bad: ({ line, why }: { line: number; why: string }) => teller.line(`${line} ${why}`, ++told, "bad lines"),
    progressed: ({ stored, bad, bytes }: ImportProgress) =>
      teller.progressed(bytes, () => `${shown(stored)} stored, ${rate(stored)} a second, ${shown(bad)} bad lines`),
  };
  const { stored, created, bad } = await importMemberships(readMemberships(file.readable), store, SESSIONS, events);
  console.log(
    `Imported ${shown(stored)} memberships, ${shown(created)} of them new, in ${teller.seconds.toFixed(1)} s ` +
      `(${rate(stored)} a second); ${shown(bad)} bad lines.`,
  );
  return bad === 0;
}

/** Stores the memberships of a file. @returns the exit code, as {@linkcode runImport} */
export function importMembershipFile(path: string): Promise<number> {
  return runImport(path, {
    sessions: { activations: SESSIONS, views: 1 },
    timeoutMs: () => BATCH_TIMEOUT_MS,
    run: importFile,
  });
}
