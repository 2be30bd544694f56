/**
 * Is it exact under a stampede? `deno task stampede` sends many buyers at a sale of any running nodes, shows what comes
 * back, then holds what buyers were told against what the API says is stored. Exits with 0 where it was exact, with 1
 * where it was not, and with 2 where that could not be found out.
 */
import { runCommand } from "../../src/cli/plain_command.ts";
import { shop } from "./buyer.ts";
import { type Evidence, readEvidence, readItems, type SaleShown } from "./evidence.ts";
import { Ledger } from "./ledger.ts";
import { eachOf, Nodes } from "./nodes.ts";
import { checkOptions, type Given, type Options, stampedeCommand } from "./options.ts";
import { planOf, type Scene } from "./plan.ts";
import { randomFrom } from "../random.ts";
import { Screen } from "./screen.ts";
import { verdict, wasQuiet } from "./verdict.ts";
import type { Progress } from "./view.ts";

const WRONG_SHOWN = 20;
/** A first look may meet a node that has not answered yet, but not for long. */
const FIRST_READS = 4;

async function storm(nodes: Nodes, sale: SaleShown, ledger: Ledger, options: Options): Promise<void> {
  const { buyers: all, connections, seed, limit } = options;
  const items = (await readItems(nodes, sale.id)).map(({ id }) => id);
  const scene: Scene = { seed, items: items.length, limit };
  // Users of this run alone: what others did before does not count for them.
  const run = crypto.randomUUID().slice(0, 8);
  let done = 0;
  let stock: Progress["stock"] = sale;
  const startedAt = performance.now();
  const progress = (): Progress => ({
    ...{ sale: sale.id, elapsedMs: performance.now() - startedAt, buyers: { done, all }, stock },
    ...{ answers: ledger.answers, p50Ms: ledger.latencies.quantile(0.5), p99Ms: ledger.latencies.quantile(0.99) },
  });
  const look = async () => {
    const { status, body } = await nodes.send("GET", `/api/sales/${sale.id}`);
    if (status === 200) stock = body as unknown as SaleShown;
  };
  const screen = new Screen(progress, look);
  const at = { send: nodes.send.bind(nodes), ledger, items };
  await eachOf(Array.from({ length: all }, (_, number) => number), connections, async (number) => {
    await shop(`stampede_${run}_${number}`, planOf(scene, number), at);
    done++;
  });
  await look();
  screen.close();
}

function closing(ledger: Ledger, evidence: Evidence, wrong: readonly string[]): string {
  const answers = ledger.latencies.count.toLocaleString("en-US");
  const bought = [...evidence.holds.values()].filter(({ state }) => state === "purchased").length;
  const told = `${answers} answers, ${bought.toLocaleString("en-US")} items bought`;
  if (wrong.length > 0) return `NOT EXACT: ${told}: ${wrong.length} things wrong, the first: ${wrong[0]}`;
  const others = wasQuiet(evidence) ? "" : "; others bought meanwhile, so the sale's counts were not compared";
  return `exact: ${told}: every answer is stored as told, no item sold twice, no user above the limit${others}`;
}

async function main(options: Options): Promise<boolean> {
  const nodes = new Nodes(options.urls, randomFrom(options.seed), options.token);
  const sale = await nodes.read<SaleShown>(`/api/sales/${options.sale}`, FIRST_READS);
  if (sale === undefined) throw new Error(`Cannot run a stampede as there is no such sale: ${options.sale}`);
  const ledger = new Ledger();
  await storm(nodes, sale, ledger, options);
  console.error("auditing");
  const evidence = await readEvidence(nodes, sale.id, ledger, options.connections);
  const wrong = verdict(ledger, evidence, options.limit);
  for (const one of wrong.slice(0, WRONG_SHOWN)) console.log(`WRONG: ${one}`);
  console.log(closing(ledger, evidence, wrong));
  return wrong.length === 0;
}

/** @returns the exit code */
async function run(args: readonly string[]): Promise<number> {
  let code = 2;
  const command = stampedeCommand().action(async (given: Given) => {
    try {
      code = await main(checkOptions(given, Deno.env.get("ADMIN_TOKEN"))) ? 0 : 1;
    } catch (error) {
      console.error((error as Error).message);
    }
  });
  return await runCommand(command, args) ?? code;
}

if (import.meta.main) Deno.exit(await run(Deno.args));
