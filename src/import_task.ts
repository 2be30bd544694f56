/**
 * How do millions of users come in? `deno task import users.csv` stores the memberships of a file, beside nodes that
 * serve or without one; again after a failure, it completes what it began. Exit code: 0 all are stored; 1 all but bad
 * lines, which are told; 2 it could not go on.
 */
import { type Config, readConfig } from "./config.ts";
import { readMemberships } from "./membership_csv.ts";
import { importMemberships, type ImportProgress } from "./membership_import.ts";
import { openEmbedded } from "./storage/embedded.ts";
import { MembershipStore } from "./storage/membership_store.ts";
import { migrateDatabase } from "./storage/mod.ts";
import { openPostgres } from "./storage/postgres.ts";
import type { Database } from "./storage/sql.ts";

const STORED = 0;
const SOME_BAD = 1;
const NOT_IMPORTED = 2;
/** Sessions that store at once. */
const SESSIONS = 2;
/** What a batch may take, in milliseconds: much longer than it does, beside nodes that change the same segments. */
const BATCH_TIMEOUT_MS = 30_000;
/** Bad lines that are told one by one. */
const TOLD_MAX = 100;
const PROGRESS_EVERY_MS = 1_000;

function openDatabase({ databaseUrl, dataDir }: Config): Promise<Database> {
  if (databaseUrl === undefined) return openEmbedded(dataDir);
  const sessions = { activations: SESSIONS, views: 1 };
  return Promise.resolve(openPostgres({ url: databaseUrl, statementTimeoutMs: BATCH_TIMEOUT_MS, ...sessions }));
}

const shown = (count: number) => count.toLocaleString("en-US");

/** Tells on standard error how it goes, once a second at most. */
class Teller {
  readonly #startedAt = performance.now();
  #toldAt = performance.now();
  #told = 0;

  constructor(readonly size: number) {}

  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  bad(line: number, why: string): void {
    if (++this.#told <= TOLD_MAX) console.error(`line ${line} ${why}`);
    if (this.#told === TOLD_MAX) console.error("… further bad lines are only counted");
  }

  progressed({ stored, bad, bytes }: ImportProgress): void {
    if (performance.now() - this.#toldAt < PROGRESS_EVERY_MS) return;
    this.#toldAt = performance.now();
    const percent = Math.floor(100 * bytes / Math.max(1, this.size));
    const rate = Math.round(stored / this.seconds);
    console.error(`${percent} %: ${shown(stored)} stored, ${shown(rate)} a second, ${shown(bad)} bad lines`);
  }
}

async function main(path: string | undefined): Promise<number> {
  if (path === undefined || Deno.args.length > 1) throw new Error("name one file: deno task import users.csv");
  using file = await Deno.open(path);
  const teller = new Teller((await file.stat()).size);
  const database = await openDatabase(readConfig());
  try {
    await migrateDatabase(database);
    const store = new MembershipStore(database.activations);
    const events = {
      bad: ({ line, why }: { line: number; why: string }) => teller.bad(line, why),
      progressed: (progress: ImportProgress) => teller.progressed(progress),
    };
    const { stored, created, bad } = await importMemberships(readMemberships(file.readable), store, SESSIONS, events);
    const { seconds } = teller;
    console.log(
      `Imported ${shown(stored)} memberships, ${shown(created)} of them new, in ${seconds.toFixed(1)} s ` +
        `(${shown(Math.round(stored / seconds))} a second); ${shown(bad)} bad lines.`,
    );
    return bad > 0 ? SOME_BAD : STORED;
  } finally {
    await database.close();
  }
}

if (import.meta.main) {
  let code = NOT_IMPORTED;
  try {
    code = await main(Deno.args[0]);
  } catch (error) {
    console.error(`doorbuster: Could not import: ${(error as Error).message}`);
  }
  Deno.exit(code);
}
