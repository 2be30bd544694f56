/** How do coupons that someone has named come in by the million? From a file, beside nodes that serve or without. */
import { type CouponLine, readCoupons } from "../coupon_csv.ts";
import { runImport, shown, type Teller } from "./import_file.ts";
import { BULK_PACE } from "../scheduler/bulk_maker.ts";
import { CouponImport } from "../storage/coupon_import.ts";
import type { Database } from "../storage/sql.ts";

/** What came of the lines. */
class Tally {
  readonly counts = { made: 0, same: 0, other: 0, bad: 0 };

  constructor(readonly teller: Teller) {}

  line(line: number, what: keyof Tally["counts"], why = ""): void {
    const count = ++this.counts[what];
    if (what !== "made") this.teller.line(`${line}: ${why}`, count, "lines of this kind");
  }

  summary(): string {
    const { made, same, other, bad } = this.counts;
    return `${shown(made)} coupons made in ${this.teller.seconds.toFixed(1)} s; ` +
      `${shown(same)} were there as the file has them, ${shown(other)} otherwise; ${shown(bad)} bad lines`;
  }
}

/** Stores lines in one commit: no two of one name, so that the second finds the first. */
async function store(lines: readonly CouponLine[], coupons: CouponImport, tally: Tally): Promise<void> {
  const outcomes = await coupons.add(lines.map(({ fold, terms }) => ({ fold, terms })));
  for (const { line, fold, terms: { name } } of lines) {
    const outcome = outcomes.get(fold)!;
    const how = outcome === "same" ? "just so" : "but not as the line has it";
    tally.line(line, outcome, `${name} is there already, ${how}`);
  }
}

async function storeAll(file: Deno.FsFile, coupons: CouponImport, tally: Tally): Promise<void> {
  let batch = new Map<string, CouponLine>();
  let dueAt = performance.now();
  const flush = async () => {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueAt - performance.now())));
    dueAt = Math.max(dueAt, performance.now()) + 1_000 * batch.size / BULK_PACE.perSecond;
    await store([...batch.values()], coupons, tally);
    batch = new Map();
  };
  for await (const part of readCoupons(file.readable)) {
    for (const { line, why } of part.bad) tally.line(line, "bad", why);
    for (const coupon of part.coupons) {
      if (batch.size === BULK_PACE.batch || batch.has(coupon.fold)) await flush();
      batch.set(coupon.fold, coupon);
    }
    tally.teller.progressed(part.bytes, () => tally.summary());
  }
  if (batch.size > 0) await flush();
}

async function importFile(file: Deno.FsFile, database: Database, teller: Teller): Promise<boolean> {
  const tally = new Tally(teller);
  try {
    await storeAll(file, new CouponImport(database.activations), tally);
  } finally {
    console.log(`${tally.summary()}.`);
  }
  return tally.counts.bad + tally.counts.other === 0;
}

/** Makes the coupons of a file. @returns the exit code, as {@linkcode runImport} */
export function importCodeFile(path: string): Promise<number> {
  return runImport(path, {
    sessions: { activations: 1, views: 1 },
    timeoutMs: ({ requestTimeoutMs }) => requestTimeoutMs,
    run: importFile,
  });
}
