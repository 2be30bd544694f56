/** What is stored, as far as the API tells? Read page by page after the last answer. */
import type { Ledger } from "./ledger.ts";
import { eachOf, type Nodes } from "./nodes.ts";

/** A sale's own account. */
export interface SaleShown {
  readonly id: string;
  readonly items: number;
  readonly sold: number;
  readonly held: number;
  readonly left: number;
  readonly state: string;
}

/** An item, and whether it can be had. */
export interface ItemShown {
  readonly id: number;
  readonly state: "available" | "held" | "sold";
}

/** A stored attempt. */
export interface AttemptShown {
  readonly user_id: string;
  readonly item_id: number;
  readonly outcome: string;
}

/** A code, looked up. */
export interface HoldShown {
  readonly user_id: string;
  readonly item: { readonly id: number };
  readonly state: "live" | "expired" | "ended" | "sold_to_another" | "purchased";
}

/** What was read. */
export interface Evidence {
  /** Before all else was read, and after. */
  readonly before: SaleShown;
  readonly after: SaleShown;
  readonly items: readonly ItemShown[];
  /** In the order in which they were decided. */
  readonly attempts: readonly AttemptShown[];
  /** How many attempts there are, by the first page and by the last. */
  readonly totals: readonly [number, number];
  /** Of the buyers' codes; absent is one that is not known. */
  readonly holds: ReadonlyMap<string, HoldShown>;
}

interface Page<Row> {
  readonly data: readonly Row[];
  readonly meta: { readonly page_count: number };
}

interface AttemptPage {
  readonly data: readonly AttemptShown[];
  readonly total: number;
  readonly next_cursor: string | null;
}

async function mustRead<Body>(nodes: Nodes, path: string): Promise<Body> {
  const body = await nodes.read<Body>(path);
  if (body === undefined) throw new Error(`Cannot read ${path} of ${nodes.urls.join(", ")}: 404`);
  return body;
}

/** All items of a sale, by their ids. @throws Error where they cannot be read */
export async function readItems(nodes: Nodes, sale: string): Promise<ItemShown[]> {
  const path = (page: number) => `/api/sales/${sale}/items?page_num=${page}&page_size=100`;
  const first = await mustRead<Page<ItemShown>>(nodes, path(1));
  const items = [...first.data];
  const others = Array.from({ length: Math.max(0, first.meta.page_count - 1) }, (_, index) => index + 2);
  await eachOf(others, 4, async (page) => {
    items.push(...(await mustRead<Page<ItemShown>>(nodes, path(page))).data);
  });
  return items.sort((one, other) => one.id - other.id);
}

async function readAttempts(nodes: Nodes, sale: string): Promise<Pick<Evidence, "attempts" | "totals">> {
  const attempts: AttemptShown[] = [];
  let first: number | undefined;
  for (let cursor = "";;) {
    const page = await mustRead<AttemptPage>(nodes, `/api/sales/${sale}/attempts?limit=1000${cursor}`);
    attempts.push(...page.data);
    first ??= page.total;
    if (page.next_cursor === null) return { attempts, totals: [first, page.total] };
    cursor = `&cursor=${page.next_cursor}`;
  }
}

/** Reads all that a verdict needs. @throws Error where it cannot be read */
export async function readEvidence(nodes: Nodes, sale: string, ledger: Ledger, atOnce: number): Promise<Evidence> {
  const holds = new Map<string, HoldShown>();
  const before = await mustRead<SaleShown>(nodes, `/api/sales/${sale}`);
  const { attempts, totals } = await readAttempts(nodes, sale);
  await eachOf([...ledger.codes.keys()], atOnce, async (code) => {
    const hold = await nodes.read<HoldShown>(`/checkout?code=${encodeURIComponent(code)}`);
    if (hold !== undefined) holds.set(code, hold);
  });
  const items = await readItems(nodes, sale);
  const after = await mustRead<SaleShown>(nodes, `/api/sales/${sale}`);
  return { before, after, items, attempts, totals, holds };
}
