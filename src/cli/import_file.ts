/** How does a command bring a file in? It opens file and database, says how it goes, and ends with what came of it. */
import { type Config, readConfig } from "../config/config.ts";
import type { CsvFormat } from "../csv/header.ts";
import { openDatabase, type Sessions } from "../node/database.ts";
import { migrateDatabase } from "../storage/mod.ts";
import type { Database } from "../storage/sql.ts";
import { sayReason } from "./failures.ts";

const ALL = 0;
const SOME = 1;
const NOT_IMPORTED = 2;
/** Lines of a kind that are told one by one. */
const TOLD_MAX = 100;
const PROGRESS_EVERY_MS = 1_000;

/** A count as a person reads it. */
export const shown = (count: number): string => count.toLocaleString("en-US");

/** A count of things: `1 coupon`, `2,500 coupons`. */
export const counted = (count: number, thing: string): string => `${shown(count)} ${thing}${count === 1 ? "" : "s"}`;

/** Tells on standard error how it goes. */
export class Teller {
  readonly #size: number;
  readonly #startedAt = performance.now();
  #toldAt = performance.now();

  /** @param size bytes of the file */
  constructor(size: number) {
    this.#size = size;
  }

  /** Since the start. */
  get seconds(): number {
    return (performance.now() - this.#startedAt) / 1_000;
  }

  /** Says what is wrong with a line, the `count`th of its `kind`; of too many, that they are only counted. */
  line(text: string, count: number, kind: string, most: number = TOLD_MAX): void {
    if (count <= most) console.error(`line ${text}`);
    if (count === most + 1) console.error(`… further ${kind} are only counted`);
  }

  /** Tells how far it is, once a second at most. */
  progressed(bytes: number, summary: () => string): void {
    if (performance.now() - this.#toldAt < PROGRESS_EVERY_MS) return;
    this.#toldAt = performance.now();
    console.error(`${Math.floor(100 * bytes / Math.max(1, this.#size))} % read: ${summary()}`);
  }
}

/** How one kind of file is brought in. */
export interface ImportTask {
  /** The columns that a file of this kind can have; undefined if these are others. */
  columnsIn(columns: readonly string[]): readonly string[] | undefined;
  /** What `--columns` must be, as in "must be name and others". */
  readonly columnsRule: string;
  readonly sessions: Sessions;
  /** What a statement may take, in milliseconds. */
  timeoutMs(config: Config): number;
  /** Does it; returns whether all lines are stored. Whatever it throws is told. */
  run(file: Deno.FsFile, database: Database, teller: Teller): Promise<boolean>;
}

/** Brings a file in. @returns the exit code: 0 all lines are stored; 1 all but those that were told; 2 it stopped */
export async function runImport(path: string, { columns }: CsvFormat, task: ImportTask): Promise<number> {
  try {
    if (columns !== undefined && task.columnsIn(columns) === undefined) {
      throw new Error(`--columns must be ${task.columnsRule}`);
    }
    return await importNamed(path, task) ? ALL : SOME;
  } catch (error) {
    sayReason("Could not import", error);
    return NOT_IMPORTED;
  }
}

async function importNamed(path: string, task: ImportTask): Promise<boolean> {
  using file = await Deno.open(path);
  const teller = new Teller((await file.stat()).size);
  const config = readConfig();
  const database = await openDatabase(config, task.sessions, task.timeoutMs(config));
  try {
    await migrateDatabase(database);
    return await task.run(file, database, teller);
  } finally {
    await database.close();
  }
}
