/** How does a buyer go about its plan? Checkout, then what it means to do with the hold, until it has what it wants. */
import type { Ledger, Reply } from "./ledger.ts";
import type { Ending, Plan } from "./plan.ts";

/** Where a buyer shops. */
export interface Shop {
  /** Never throws. */
  send(method: string, path: string): Promise<Reply>;
  readonly ledger: Ledger;
  /** The ids of the sale's items. */
  readonly items: readonly number[];
}

/** Lets a user act by a plan; returns once all its requests are answered or lost. */
export async function shop(user: string, { tries, wants, copies }: Plan, at: Shop): Promise<void> {
  let holds = 0;
  for (const { place, ending } of tries) {
    if (holds === wants) return;
    const { code, limited } = await checkout(user, at.items[place]!, copies, at);
    if (limited) return;
    if (code === undefined) continue;
    holds++;
    await finish(code, ending, copies, at);
  }
}

async function checkout(
  user: string,
  item: number,
  copies: number,
  { send, ledger }: Shop,
): Promise<{ code: string | undefined; limited: boolean }> {
  let code: string | undefined;
  let limited = false;
  const path = `/checkout?user_id=${encodeURIComponent(user)}&id=${item}`;
  await atOnce(copies, async () => {
    const reply = await send("POST", path);
    const outcome = ledger.checkout(user, item, reply);
    const given = reply.body["code"];
    if (outcome === "ok" && typeof given === "string" && ledger.codes.has(given)) code = given;
    limited ||= outcome === "limit_reached";
  });
  return { code, limited: limited && code === undefined };
}

async function finish(code: string, ending: Ending, copies: number, { send, ledger }: Shop): Promise<void> {
  if (ending === "walk away") return;
  const named = `code=${encodeURIComponent(code)}`;
  await atOnce(copies, async () => {
    if (ending === "buy") ledger.purchase(code, await send("POST", `/purchase?${named}`));
    else ledger.release(code, await send("DELETE", `/checkout?${named}`));
  });
}

async function atOnce(copies: number, act: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: copies }, act));
}
