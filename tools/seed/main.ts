/** What does `deno task seed` do? It fills a running node with what there is to try, says what it made, and how to try it. */
import { plainCommand, runCommand } from "../../src/cli/plain_command.ts";
import { maskedValue } from "../../src/config/masked.ts";
import { Api, SeedError } from "./api.ts";
import { seed, triesOf } from "./demo.ts";

const LOCAL = "http://127.0.0.1:8080";

async function main(given: string): Promise<void> {
  if (!/^https?:$/.test(URL.parse(given)?.protocol ?? "") || given.includes("@")) {
    throw new SeedError(`Cannot seed ${maskedValue(given)}: give a URL without a password, such as ${LOCAL}`);
  }
  const url = given.replace(/\/+$/, "");
  const token = Deno.env.get("ADMIN_TOKEN") || undefined;
  const api = new Api(url, token);
  await seed(api, Date.now(), ({ what, isNew }) => console.log(`${isNew ? "made " : "there"}  ${what}`));
  const { status, body: sale } = await api.ask("GET", "/api/sales/current", [200, 404]);
  const { body: items } = status === 404
    ? { body: { data: [] } }
    : await api.ask("GET", "/api/sales/current/items?state=available&per_page=1", [200, 404]);
  console.log(
    status === 404 ? "none   sale is open now" : `there  sale ${sale.id}: ${sale.left} of ${sale.items} items left`,
  );
  console.log(`\nTry:\n\n${triesOf(url, token !== undefined, items.data?.[0]?.id)}\nMore: ${url}/docs`);
}

/** @returns the exit code */
async function run(args: readonly string[]): Promise<number> {
  let code = 0;
  const command = plainCommand("deno task seed")
    .description("Fills a running node with demonstration users, segments and a coupon of each kind, where missing.")
    .argument("[url]", "the node", LOCAL)
    .addHelpText(
      "after",
      `
A node that asks for tokens needs ADMIN_TOKEN in the environment.

Examples:
  deno task seed
  ADMIN_TOKEN=… deno task seed http://127.0.0.1:8081`,
    )
    .action(async (url: string) => {
      try {
        await main(url);
      } catch (error) {
        if (!(error instanceof SeedError)) throw error;
        console.error(`seed: ${error.message}`);
        code = 1;
      }
    });
  return await runCommand(command, args) ?? code;
}

Deno.exit(await run(Deno.args));
