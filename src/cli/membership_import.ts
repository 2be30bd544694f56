/**
 * How do millions of memberships come in? In batches, each committed by itself; segments are shared out among a few
 * sessions, so that none waits for another's rows and memberships of one segment keep their order.
 */
import type { Memberships } from "../ports/mod.ts";
import type { Membership } from "../domain/membership.ts";
import { normalizeTitle } from "../domain/name_key.ts";
import type { BadLine, CsvPart } from "../csv/memberships.ts";

/** Memberships of one batch: its commit holds its segments' rows for a tenth of a second. */
export const BATCH_MAX = 5_000;

/** How far an import has come. */
export interface ImportProgress {
  readonly stored: number;
  /** Of those: how many there were none of before. */
  readonly created: number;
  /** Lines that hold no membership. */
  readonly bad: number;
  /** Bytes of the file that were read. */
  readonly bytes: number;
}

/** Who hears of an import. */
export interface ImportEvents {
  bad(line: BadLine): void;
  /** After each batch. */
  progressed(progress: ImportProgress): void;
}

/**
 * Stores all memberships of a file, in the order of its lines.
 *
 * @param sessions batches that may be stored at once
 * @throws Fault where a batch could not be stored: others may be; the same import again completes it
 */
export async function importMemberships(
  parts: AsyncIterable<Omit<CsvPart, "duplicates">>,
  memberships: Pick<Memberships, "putAll">,
  sessions: number,
  events: ImportEvents,
): Promise<ImportProgress> {
  const progress = { stored: 0, created: 0, bad: 0, bytes: 0 };
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
    part.bad.forEach((line) => events.bad(line));
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
