/** How is a sale stormed, and what came back? */
import { type Measured, newRun } from "../load.ts";
import { shoot } from "../wrk.ts";

/** One measurement's load on a sale that nobody used before. */
export interface SaleLoad {
  readonly connections: number;
  /** Items of the sale. */
  readonly items: number;
  /** In all. Without a crowd each wants an item of its own, so no more than there are. */
  readonly checkouts: number;
  /** Who check out in turn. */
  readonly users: number;
  /** Whether each code that is got is bought with. */
  readonly buys: boolean;
  /** Whether each item is wanted equally often, all in random order. */
  readonly crowd: boolean;
  /** After these no more is checked out. */
  readonly seconds: number;
}

/** What the askers were told, by kind. */
export interface Told {
  readonly held: number;
  readonly bought: number;
  /** 412 */
  readonly unavailable: number;
  /** 429 */
  readonly limited: number;
  /** Anything else: not what such a load is answered. */
  readonly strange: number;
}

/** What came back; its rates are over the time until the last answer. */
export interface SaleMeasured extends Measured {
  readonly told: Told;
  /** From the first request to the last answer. */
  readonly seconds: number;
}

/** What the script prints at the end. */
interface Printed {
  readonly answered: number;
  readonly broken: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly threads: readonly (Told & { readonly sent: number; readonly seconds: number })[];
}

const THREADS = 2;
/** What is in flight at the end, and purchases that follow, are awaited so long at most. */
const TAIL_SECONDS = 20;

function environment(sale: number, wanted: SaleLoad, run: string): Record<string, string> {
  const { connections, items, checkouts, users, buys, crowd, seconds } = wanted;
  return {
    WINDOW: String(seconds),
    CONNECTIONS: String(connections / THREADS),
    CHECKOUTS: String(checkouts / THREADS),
    USERS: String(users / THREADS),
    ITEMS: String(items),
    BUYS: buys ? "1" : "0",
    CROWD: crowd ? "1" : "0",
    SALE: String(sale),
    PREFIX: `${run}_`,
  };
}

function measuredOf({ answered, broken, p50Us, p99Us, threads }: Printed, run: string): SaleMeasured {
  const sum = (part: keyof Told | "sent") => threads.reduce((sum, thread) => sum + thread[part], 0);
  const told = {
    held: sum("held"),
    bought: sum("bought"),
    unavailable: sum("unavailable"),
    limited: sum("limited"),
    strange: sum("strange"),
  };
  const seconds = Math.max(...threads.map(({ seconds }) => seconds));
  const accepted = told.held + told.bought;
  const refused = answered - accepted;
  return {
    told,
    seconds,
    ...{ answered, accepted, refused, run, sent: threads.map(({ sent }) => sent) },
    ...{ rate: answered / seconds, acceptedRate: accepted / seconds, refusedRate: refused / seconds },
    lost: Math.max(broken, sum("sent") - answered),
    ...{ p50Ms: p50Us / 1_000, p99Ms: p99Us / 1_000 },
  };
}

/** Storms the sale of a number on a server of 127.0.0.1. @throws Error where wrk failed */
export async function stormSale(port: number, sale: number, wanted: SaleLoad): Promise<SaleMeasured> {
  const run = newRun();
  const printed = await shoot<Printed>({
    ...{ port, path: "/checkout", script: "sales.lua", connections: wanted.connections, threads: THREADS },
    seconds: Math.ceil(wanted.seconds) + TAIL_SECONDS,
    env: environment(sale, wanted, run),
  });
  return measuredOf(printed, run);
}
