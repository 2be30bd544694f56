/** How do millions of memberships come in? From a file, in batches, whether nodes serve or not. */
import type { BadLine, CsvFormat } from "../csv/header.ts";
import { MEMBERSHIP_COLUMNS, membershipColumns, type MembershipPart, readMemberships } from "../csv/memberships.ts";
import type { Membership } from "../domain/membership.ts";
import { normalizeTitle } from "../domain/name_key.ts";
import type { Memberships } from "../ports/mod.ts";
import { MembershipStore } from "../storage/membership_store.ts";
import type { Database } from "../storage/sql.ts";
import { counted, runImport, shown, type Teller } from "./import_file.ts";

/** Sessions that store at once. */
const SESSIONS = 2;
/** What a batch may take, in milliseconds: much longer than it does, beside nodes that change the same segments. */
const BATCH_TIMEOUT_MS = 30_000;

/** Memberships of one batch: its commit locks its segments' rows for a tenth of a second. */
export const BATCH_MAX = 5_000;

/** The progress of an import. */
export interface ImportProgress {
  readonly stored: number;
  /** Of those: how many are new. */
  readonly created: number;
  /** Lines without a membership. */
  readonly bad: number;
  /** Lines whose membership an earlier line has too. */
  readonly duplicates: number;
  /** Bytes of the file read so far. */
  readonly bytes: number;
}

/** Events of an import. */
export interface ImportEvents {
  bad(line: BadLine): void;
  duplicate(line: BadLine): void;
  /** After each batch. */
  progressed(progress: ImportProgress): void;
}

/**
 * Stores all memberships of a file in batches, each committed by itself. Each segment belongs to one session, so that no
 * session waits for another's rows, and memberships of one segment keep their order.
 *
 * @param sessions batches that may be stored at once
 * @throws Fault where a batch could not be stored: others may be; the same import again completes it
 */
export async function importMemberships(
  parts: AsyncIterable<MembershipPart>,
  memberships: Pick<Memberships, "putAll">,
  sessions: number,
  events: ImportEvents,
): Promise<ImportProgress> {
  const progress = { stored: 0, created: 0, bad: 0, duplicates: 0, bytes: 0 };
  const shares = Array.from({ length: sessions }, () => ({ next: [] as Membership[], storing: Promise.resolve() }));
  const shareOf = new Map<string, (typeof shares)[number]>();
  const store = async (share: (typeof shares)[number]) => {
    const batch = share.next;
    share.next = [];
    await share.storing;
    share.storing = memberships.putAll(batch).then((created) => {
      progress.stored += batch.length;
      progress.created += created;
      events.progressed(progress);
    });
    share.storing.catch(() => {}); // thrown where it is awaited
  };
  for await (const part of parts) {
    progress.bytes = part.bytes;
    progress.bad += part.bad.length;
    progress.duplicates += part.duplicates.length;
    for (const line of part.duplicates) events.duplicate(line);
    for (const line of part.bad) events.bad(line);
    for (const membership of part.memberships) {
      const key = normalizeTitle(membership.segment)!;
      let share = shareOf.get(key);
      if (share === undefined) shareOf.set(key, share = shares[shareOf.size % sessions]!);
      if (share.next.push(membership) >= BATCH_MAX) await store(share);
    }
  }
  for (const share of shares) await store(share);
  for (const share of shares) await share.storing;
  return progress;
}

async function importFile(file: Deno.FsFile, database: Database, teller: Teller, format: CsvFormat): Promise<boolean> {
  const rate = (stored: number) => shown(Math.round(stored / teller.seconds));
  const counts = { bad: 0, duplicates: 0 };
  const parts = readMemberships(file.readable, format);
  const { stored, created, bad, duplicates } = await importMemberships(
    parts,
    new MembershipStore(database.activations),
    SESSIONS,
    {
      bad: ({ line, why }) => teller.line(`${line} ${why}`, ++counts.bad, "bad lines"),
      duplicate: ({ line, why }) => teller.line(`${line} ${why}`, ++counts.duplicates, "duplicates"),
      progressed: ({ stored, bad, bytes }) =>
        teller.progressed(bytes, () => `${shown(stored)} stored, ${rate(stored)} a second, ${shown(bad)} bad lines`),
    },
  );
  const lines = duplicates === 0 ? "" : `${counted(duplicates, "duplicate")} within the file, `;
  console.log(
    `Imported ${counted(stored - duplicates, "membership")}, ${shown(created)} of them new, in ` +
      `${teller.seconds.toFixed(1)} s (${rate(stored)} a second); ${lines}${counted(bad, "bad line")}.`,
  );
  return bad + duplicates === 0;
}

/** Stores the memberships of a file. @returns the exit code, as {@linkcode runImport} */
export function importMembershipFile(path: string, format: CsvFormat = {}): Promise<number> {
  return runImport(path, format, {
    columnsIn: membershipColumns,
    columnsRule: `${MEMBERSHIP_COLUMNS.join()} in the file's order`,
    sessions: { activations: SESSIONS, views: 1 },
    timeoutMs: () => BATCH_TIMEOUT_MS,
    run: (file, database, teller) => importFile(file, database, teller, format),
  });
}
