/** Where does each measurement get a sale that nobody used before? From the past: an older sale sells on. */
import type { Database } from "../database.ts";

/** Of the hour before the oldest sale, which no server has opened. */
const MAKE = `select o.number, make_sale(o.number, $1::integer, to_timestamp(o.number * 3600e0), now(), 'bench',
  gen_random_uuid(), 'open', '{}') as made
from (
  select least(coalesce(min(id), 2147483647), floor(extract(epoch from now()) / 3600)::integer) - 1 as number from sales
) o`;

/** Makes a sale of so many items; returns its number. */
export async function makeSale({ client }: Database, items: number): Promise<number> {
  const { rows: [{ number, made }] } = await client.query(MAKE, [items]);
  if (made === null) throw new Error(`Cannot measure on a sale that is there already: ${number}`);
  await client.query("vacuum analyze items");
  return number;
}
