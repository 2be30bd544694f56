/** How do coupons that someone has named come in by the million? From a file, beside nodes that serve or without. */
import { couponColumns, type CouponLine, readCoupons } from "../csv/coupons.ts";
import type { CsvFormat } from "../csv/header.ts";
import { quoted } from "../domain/quoted.ts";
import { BULK_PACE } from "../scheduler/bulk_maker.ts";
import { CouponImport } from "../storage/coupon_import.ts";
import type { Database } from "../storage/sql.ts";
import { counted, runImport, shown, type Teller } from "./import_file.ts";

/** Lines of a kind that are said one by one, and, of identical coupons, as examples. */
const SAID_MAX = 100;
const EXAMPLES_MAX = 10;

/** What a line comes to. */
type Outcome = "made" | "same" | "other" | "duplicate" | "bad";

const KINDS: Readonly<Record<Exclude<Outcome, "made">, readonly [kind: string, most: number]>> = {
  same: ["identical coupons", EXAMPLES_MAX],
  other: ["coupons that exist with other terms", SAID_MAX],
  duplicate: ["duplicates", SAID_MAX],
  bad: ["bad lines", SAID_MAX],
};

/** What came of the lines. */
class Tally {
  readonly counts: Record<Outcome, number> = { made: 0, same: 0, other: 0, duplicate: 0, bad: 0 };

  constructor(readonly teller: Teller) {}

  line(line: number, what: Outcome, why = ""): void {
    const count = ++this.counts[what];
    if (what !== "made") this.teller.line(`${line}: ${why}`, count, ...KINDS[what]);
  }

  summary(): string {
    const { made, same, other, duplicate, bad } = this.counts;
    return `${counted(made, "coupon")} made in ${this.teller.seconds.toFixed(1)} s; ` +
      `${shown(same)} existed with the same terms, ${shown(other)} with other terms; ` +
      (duplicate === 0 ? "" : `${counted(duplicate, "duplicate")} within the file, `) + counted(bad, "bad line");
  }
}

/** Stores lines in one commit, no two of one name. */
async function store(lines: readonly CouponLine[], coupons: CouponImport, tally: Tally): Promise<void> {
  const outcomes = await coupons.add(lines.map(({ fold, terms }) => ({ fold, terms })));
  for (const { line, fold, terms: { name } } of lines) {
    const outcome = outcomes.get(fold)!;
    const what = outcome === "same" ? "an identical coupon exists" : "a coupon with other terms exists";
    tally.line(line, outcome, `${what}: ${quoted(name)}`);
  }
}

async function storeAll(file: Deno.FsFile, coupons: CouponImport, tally: Tally, format: CsvFormat): Promise<void> {
  let batch: CouponLine[] = [];
  let dueAt = performance.now();
  const flush = async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
    dueAt = Math.max(dueAt, performance.now()) + 1_000 * batch.length / BULK_PACE.perSecond;
    await store(batch, coupons, tally);
    batch = [];
  };
  for await (const part of readCoupons(file.readable, format)) {
    for (const { line, why } of part.bad) tally.line(line, "bad", why);
    for (const { line, why } of part.duplicates) tally.line(line, "duplicate", why);
    for (const coupon of part.coupons) {
      batch.push(coupon);
      if (batch.length === BULK_PACE.batch) await flush();
    }
    tally.teller.progressed(part.bytes, () => tally.summary());
  }
  if (batch.length > 0) await flush();
}

async function importFile(file: Deno.FsFile, database: Database, tally: Tally, format: CsvFormat): Promise<boolean> {
  const { counts } = tally;
  let isRead = false;
  try {
    await storeAll(file, new CouponImport(database.activations), tally, format);
    isRead = true;
  } finally {
    if (isRead || Object.values(counts).some((count) => count > 0)) console.log(`${tally.summary()}.`);
  }
  return counts.bad + counts.duplicate + counts.other === 0;
}

/** Makes the coupons of a file. @returns the exit code, as {@linkcode runImport} */
export function importCodeFile(path: string, format: CsvFormat = {}): Promise<number> {
  return runImport(path, format, {
    columnsIn: couponColumns,
    columnsRule: "name and other fields of POST /api/coupons, each once",
    sessions: { activations: 1, views: 1 },
    timeoutMs: ({ requestTimeoutMs }) => requestTimeoutMs,
    run: (file, database, teller) => importFile(file, database, new Tally(teller), format),
  });
}
