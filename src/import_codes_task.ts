/**
 * How do coupons that someone has named come in by the million? `deno task import:codes codes.csv` makes those of a file,
 * beside nodes that serve or without one; the same again after a failure completes it. Exit code: 0 each line's coupon is
 * there; 1 all but those of some lines, which are told; 2 it could not go on.
 */
import { type Config, readConfig } from "./config.ts";
import { type CouponLine, readCoupons } from "./coupon_csv.ts";
import { CouponImport } from "./storage/coupon_import.ts";
import { openEmbedded } from "./storage/embedded.ts";
import { migrateDatabase } from "./storage/mod.ts";
import { openPostgres } from "./storage/postgres.ts";
import type { Database } from "./storage/sql.ts";

const ALL_THERE = 0;
const SOME_NOT = 1;
const NOT_IMPORTED = 2;
/** Coupons in a commit, and in a second at most: so that those who claim meanwhile hardly feel it. */
const BATCH = 1_000;
const PER_SECOND = 18_500;
/** Lines of a kind that are told one by one. */
const TOLD_MAX = 100;
const PROGRESS_EVERY_MS = 1_000;

const shown = (count: number) => count.toLocaleString("en-US");

/** Tells on standard error how it goes. */
class Teller {
  readonly counts = { made: 0, same: 0, other: 0, bad: 0 };
  readonly #startedAt = performance.now();
  #toldAt = performance.now();

  constructor(readonly size: number) {}

  line(line: number, what: keyof Teller["counts"], why = ""): void {
    const count = ++this.counts[what];
    if (what === "made") return;
    if (count <= TOLD_MAX) console.error(`line ${line}: ${why}`);
    if (count === TOLD_MAX) console.error("… further lines of this kind are only counted");
  }

  progressed(bytes: number): void {
    if (performance.now() - this.#toldAt < PROGRESS_EVERY_MS) return;
    this.#toldAt = performance.now();
    console.error(`${Math.floor(100 * bytes / Math.max(1, this.size))} %: ${this.summary()}`);
  }

  summary(): string {
    const { made, same, other, bad } = this.counts;
    const seconds = (performance.now() - this.#startedAt) / 1_000;
    return `${shown(made)} coupons made in ${seconds.toFixed(1)} s; ${shown(same)} were there as the file has them, ` +
      `${shown(other)} otherwise; ${shown(bad)} bad lines`;
  }
}

function openDatabase({ databaseUrl, dataDir, requestTimeoutMs }: Config): Promise<Database> {
  if (databaseUrl === undefined) return openEmbedded(dataDir);
  const sessions = { activations: 1, views: 1 };
  return Promise.resolve(openPostgres({ url: databaseUrl, statementTimeoutMs: requestTimeoutMs, ...sessions }));
}

/** Batches of one commit each: no two lines of one name, so that the second finds the first. */
async function store(lines: readonly CouponLine[], coupons: CouponImport, teller: Teller): Promise<void> {
  const outcomes = await coupons.add(lines.map(({ fold, terms }) => ({ fold, terms })));
  for (const { line, fold, terms: { name } } of lines) {
    const outcome = outcomes.get(fold)!;
    teller.line(
      line,
      outcome,
      `${name} is there already, ${outcome === "same" ? "just so" : "but not as the line has it"}`,
    );
  }
}

async function importFile(file: Deno.FsFile, coupons: CouponImport, teller: Teller): Promise<void> {
  let batch = new Map<string, CouponLine>();
  let dueAt = performance.now();
  const flush = async () => {
    await new Promise((resolve) => setTimeout(resolve, dueAt - performance.now()));
    dueAt = Math.max(dueAt, performance.now()) + 1_000 * batch.size / PER_SECOND;
    await store([...batch.values()], coupons, teller);
    batch = new Map();
  };
  for await (const part of readCoupons(file.readable)) {
    for (const { line, why } of part.bad) teller.line(line, "bad", why);
    for (const coupon of part.coupons) {
      if (batch.size === BATCH || batch.has(coupon.fold)) await flush();
      batch.set(coupon.fold, coupon);
    }
    teller.progressed(part.bytes);
  }
  if (batch.size > 0) await flush();
}

async function main(path: string | undefined): Promise<number> {
  if (path === undefined || Deno.args.length > 1) throw new Error("name one file: deno task import:codes codes.csv");
  using file = await Deno.open(path);
  const teller = new Teller((await file.stat()).size);
  const database = await openDatabase(readConfig());
  try {
    await migrateDatabase(database);
    await importFile(file, new CouponImport(database.activations), teller);
  } finally {
    console.log(`${teller.summary()}.`);
    await database.close();
  }
  return teller.counts.bad + teller.counts.other > 0 ? SOME_NOT : ALL_THERE;
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
