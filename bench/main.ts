/**
 * How fast is it, beside its rivals, in this one run? `deno task bench [--rounds 3] [--seconds 4] [--only name,name]`:
 * everything is measured once a round, rounds follow each other, and medians are printed. It ends by auditing the rows.
 */
import { ensurePrograms } from "../tools/services.ts";
import { audit } from "./audit.ts";
import { Book } from "./book.ts";
import { conditions } from "./conditions.ts";
import { BULK } from "./extremes/bulk.ts";
import { FORWARDING } from "./extremes/forwarding.ts";
import { GROWTH } from "./extremes/growth.ts";
import { OVERLOAD } from "./extremes/overload.ts";
import { SEGMENTS_COUNT } from "./extremes/segments.ts";
import { TWO_SERVERS } from "./extremes/two_servers.ts";
import { Lab, SLEEPERS } from "./lab.ts";
import { shown } from "./numbers.ts";
import { helpOf, type Options, readOptions } from "./options.ts";
import { CONNECTIONS, type Experiment, ROWS } from "./rows.ts";
import { COLD_SALE } from "./sales/cold.ts";
import { SALE_ROWS } from "./sales/rows.ts";
import { figureTable, rateTable } from "./table.ts";

const EXPERIMENTS = [
  ...[...ROWS, ...SALE_ROWS, COLD_SALE, OVERLOAD, TWO_SERVERS, GROWTH],
  ...[BULK, FORWARDING, SEGMENTS_COUNT],
];

async function measureAll(lab: Lab, chosen: readonly Experiment[], { rounds, seconds }: Options): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const experiment of chosen) {
      console.error(`round ${round + 1} of ${rounds}: ${experiment.title}`);
      await experiment.measure(lab, { round, rounds, seconds });
      const measured = lab.book.rows.get(experiment.name)?.rounds[round];
      if (measured !== undefined) console.error(`  ${shown(measured.rate)}/s, p99 ${shown(measured.p99Ms)} ms`);
    }
  }
}

/** Prints whether each accepted answer is a row; returns whether so. */
async function tellAudit(book: Book): Promise<boolean> {
  for (const note of book.notes) console.log(`note: ${note}`);
  const measurements = book.runs.length + book.saleRuns.length;
  if (measurements === 0) {
    console.log("audit: exact: nothing was stored");
    return true;
  }
  console.error("auditing");
  const { accepted, wrong } = await audit(book);
  for (const one of wrong.slice(0, 50)) console.log(`WRONG: ${one}`);
  const count = `${accepted.toLocaleString("en-US")} accepted answers in ${measurements} measurements`;
  if (wrong.length === 0) console.log(`audit: exact: ${count}, each a row, and every counter its rows`);
  else console.log(`audit: NOT EXACT: ${wrong.length} things wrong with ${count}`);
  return wrong.length === 0;
}

async function main(options: Options): Promise<boolean> {
  const { rounds, seconds, only } = options;
  const chosen = EXPERIMENTS.filter(({ name }) => only.includes(name));
  await ensurePrograms(["wrk"]);
  const book = new Book();
  const lab = await Lab.open(book, chosen.some(({ asleep }) => asleep) ? SLEEPERS : 0);
  try {
    const told = await conditions((await lab.database("ours")).client);
    for (const experiment of chosen) await experiment.prepare(lab);
    await measureAll(lab, chosen, options);
    const count = `${rounds} rounds, interleaved; ${seconds} s a measurement, ${CONNECTIONS} connections unless said`;
    console.log(
      `${count}; nodes as behind a balancer (HEADER_TIMEOUT=0s); medians.\n${told}.\n\n${rateTable(book)}\n\n${
        figureTable(book)
      }\n`,
    );
    return await tellAudit(book);
  } finally {
    await lab.stop();
  }
}

const NAMES = EXPERIMENTS.map(({ name }) => name);

/** The options; ends the process where help is asked for, or they are wrong. */
function optionsOrEnd(): Options {
  if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
    console.log(helpOf(NAMES));
    Deno.exit(0);
  }
  try {
    return readOptions(Deno.args, NAMES);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(2);
  }
}

const options = optionsOrEnd();
let exact = false;
try {
  exact = await main(options);
} catch (error) {
  console.error((error as Error).message);
}
Deno.exit(exact ? 0 : 1);
