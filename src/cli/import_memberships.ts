/** How do millions of users come in? A file's memberships are stored in batches, beside nodes that serve or without. */
import type { CsvFormat } from "../csv/header.ts";
import {
  type BadLine,
  type CsvPart,
  MEMBERSHIP_COLUMNS,
  membershipColumns,
  readMemberships,
} from "../csv/memberships.ts";
import { counted, runImport, shown, type Teller } from "./import_file.ts";
import { importMemberships, type ImportProgress } from "./membership_import.ts";
import { MembershipStore } from "../storage/membership_store.ts";
import type { Database } from "../storage/sql.ts";

/** Sessions that store at once. */
const SESSIONS = 2;
/** What a batch may take, in milliseconds: much longer than it does, beside nodes that change the same segments. */
const BATCH_TIMEOUT_MS = 30_000;

/** Columns as `--columns` gives them. @throws Error where they are not those of a membership */
function checkColumns(columns: readonly string[] | undefined): void {
  if (columns === undefined || membershipColumns(columns) !== undefined) return;
  throw new Error(`--columns must be ${MEMBERSHIP_COLUMNS.join()} in the file's order`);
}

/** The parts of a file, each duplicate told. @param tell takes what is said of a line, and how many there were so far */
async function* tellingDuplicates(
  parts: AsyncIterable<CsvPart>,
  counts: { duplicates: number },
  tell: (line: BadLine) => void,
): AsyncGenerator<CsvPart, void> {
  for await (const part of parts) {
    for (const line of part.duplicates) {
      counts.duplicates++;
      tell(line);
    }
    yield part;
  }
}

async function importFile(
  file: Deno.FsFile,
  database: Database,
  teller: Teller,
  format: CsvFormat,
): Promise<boolean> {
  const store = new MembershipStore(database.activations);
  const rate = (stored: number) => shown(Math.round(stored / teller.seconds));
  const counts = { bad: 0, duplicates: 0 };
  const events = {
    bad: ({ line, why }: BadLine) => teller.line(`${line} ${why}`, ++counts.bad, "bad lines"),
    progressed: ({ stored, bad, bytes }: ImportProgress) =>
      teller.progressed(bytes, () => `${shown(stored)} stored, ${rate(stored)} a second, ${shown(bad)} bad lines`),
  };
  const parts = tellingDuplicates(readMemberships(file.readable, format), counts, ({ line, why }) => {
    teller.line(`${line} ${why}`, counts.duplicates, "duplicates");
  });
  const { stored, created, bad } = await importMemberships(parts, store, SESSIONS, events);
  const { duplicates } = counts;
  const lines = duplicates === 0 ? "" : `${counted(duplicates, "duplicate")} within the file, `;
  console.log(
    `Imported ${counted(stored - duplicates, "membership")}, ${shown(created)} of them new, in ` +
      `${teller.seconds.toFixed(1)} s (${rate(stored)} a second); ${lines}${counted(bad, "bad line")}.`,
  );
  return bad + duplicates === 0;
}

/** Stores the memberships of a file. @returns the exit code, as {@linkcode runImport} */
export function importMembershipFile(path: string, format: CsvFormat = {}): Promise<number> {
  return runImport(path, {
    check: () => checkColumns(format.columns),
    sessions: { activations: SESSIONS, views: 1 },
    timeoutMs: () => BATCH_TIMEOUT_MS,
    run: (file, database, teller) => importFile(file, database, teller, format),
  });
}
