/** What does `deno task seed` do? It fills a running node with what there is to try, says what it made, and how to try it. */
import { Api, SeedError } from "./api.ts";
import { seed, triesOf } from "./demo.ts";
import { maskedValue } from "../../src/masked.ts";

async function main([given = "http://127.0.0.1:8080", ...more]: readonly string[]): Promise<void> {
  if (more.length > 0 || !/^https?:$/.test(URL.parse(given)?.protocol ?? "") || given.includes("@")) {
    const told = maskedValue([given, ...more].join(" "));
    throw new SeedError(`Cannot seed ${told}: give one URL, without a password, such as http://127.0.0.1:8080`);
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

try {
  await main(Deno.args);
} catch (error) {
  if (!(error instanceof SeedError)) throw error;
  console.error(`seed: ${error.message}`);
  Deno.exit(1);
}
