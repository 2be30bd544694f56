/** Was it exact? What buyers were told, held against what is stored; each test adds what it finds wrong. */
import type { Evidence } from "./evidence.ts";
import { type CodeTold, type Ledger, UNSURE } from "./ledger.ts";

/** Everything that is wrong, a line each; empty where it was exact. @param limit items that a user may buy */
export function verdict(ledger: Ledger, evidence: Evidence, limit: number): string[] {
  return [
    ...ledger.strange,
    ...checkCounters(evidence),
    ...checkAttempts(ledger, evidence),
    ...checkRefusals(evidence),
    ...checkCodes(ledger, evidence),
    ...checkItems(ledger, evidence),
    ...checkLimits(ledger, evidence, limit),
  ];
}

/** Whether nothing was bought or tried while the evidence was read: else it is not of one moment. */
export function wasQuiet({ before, after, totals }: Evidence): boolean {
  return before.sold === after.sold && totals[0] === totals[1];
}

function checkCounters(evidence: Evidence): string[] {
  const wrong: string[] = [];
  const { before, after, items, attempts, totals } = evidence;
  for (const sale of [before, after]) {
    const sum = sale.sold + sale.held + sale.left;
    if (sum !== sale.items) wrong.push(`sold + held + left are ${sum}, and there are ${sale.items} items`);
  }
  if (items.length !== after.items) wrong.push(`${items.length} items are listed, and there are ${after.items}`);
  if (!wasQuiet(evidence)) return wrong;
  const sold = items.filter(({ state }) => state === "sold").length;
  const held = items.filter(({ state }) => state === "held").length;
  if (sold !== after.sold) wrong.push(`${sold} items are listed as sold, and the sale says ${after.sold}`);
  // Meanwhile holds may have expired; none came.
  if (held > before.held || held < after.held) {
    wrong.push(`${held} items are listed as held, and the sale said ${before.held}, then ${after.held}`);
  }
  if (attempts.length !== totals[0]) {
    wrong.push(`${attempts.length} attempts are listed, and the total is ${totals[0]}`);
  }
  return wrong;
}

function keyOf(user: string, item: number, outcome: string): string {
  return `${user} ${item} ${outcome}`;
}

/** Each checkout that was answered is one attempt of that outcome; of one that was not, there may be one. */
function checkAttempts({ checkouts }: Ledger, { attempts }: Evidence): string[] {
  const users = new Set(checkouts.map(({ user }) => user));
  const surplus = new Map<string, number>();
  for (const { user_id, item_id, outcome } of attempts) {
    if (!users.has(user_id)) continue;
    const key = keyOf(user_id, item_id, outcome);
    surplus.set(key, (surplus.get(key) ?? 0) + 1);
  }
  const unsure = new Map<string, number>();
  for (const { user, item, outcome } of checkouts) {
    const into = outcome === UNSURE ? unsure : surplus;
    const key = keyOf(user, item, outcome === UNSURE ? "" : outcome);
    into.set(key, (into.get(key) ?? 0) + (outcome === UNSURE ? 1 : -1));
  }
  const wrong: string[] = [];
  for (const [key, count] of surplus) {
    const place = key.slice(0, key.lastIndexOf(" ") + 1);
    if (count < 0) wrong.push(`${-count} attempts are missing: ${key}`);
    else if (count > (unsure.get(place) ?? 0)) wrong.push(`${count} attempts are stored that none was told of: ${key}`);
    else unsure.set(place, unsure.get(place)! - count);
  }
  return wrong;
}

/** No false "unavailable": whoever was told so came after someone who got the item. */
function checkRefusals({ attempts }: Evidence): string[] {
  const had = new Set<number>();
  const wrong: string[] = [];
  for (const { user_id, item_id, outcome } of attempts) {
    if (outcome === "ok") had.add(item_id);
    else if (outcome === "item_unavailable" && !had.has(item_id)) {
      wrong.push(`${user_id} was refused the item ${item_id}, which no one had had`);
    }
  }
  return wrong;
}

/** Each code is what its buyer was told: bought once and no more, given back, or neither. */
function checkCodes({ codes }: Ledger, { holds }: Evidence): string[] {
  const wrong: string[] = [];
  for (const [code, told] of codes) {
    const hold = holds.get(code);
    if (hold === undefined || hold.user_id !== told.user || hold.item.id !== told.item) {
      wrong.push(`the code ${code} of ${told.user} is ${hold === undefined ? "not known" : `of ${hold.user_id}`}`);
      continue;
    }
    const because = contradiction(told, hold.state);
    if (because !== undefined) wrong.push(`the code ${code} of ${told.user} is ${hold.state}, but ${because}`);
  }
  return wrong;
}

/** Why a stored state cannot be, after what its buyer was told; undefined where it can. */
export function contradiction({ purchases, releases }: CodeTold, state: string): string | undefined {
  const bought = purchases.filter((outcome) => outcome === "ok").length;
  const isUnsure = purchases.includes(UNSURE);
  if (bought > 1) return `was bought ${bought} times`;
  if (bought === 1 && state !== "purchased") return "was bought";
  if (state === "purchased" && bought === 0 && !isUnsure) return "its buyer was never told that it was bought";
  if (purchases.includes("code_unknown") || releases.includes("code_unknown")) {
    return "its buyer was told of no such code";
  }
  if (purchases.includes("code_expired") && state !== "expired") return "its buyer was told that it had expired";
  if (purchases.includes("code_used") && state !== "purchased") return "its buyer was told that it was used";
  const back = releases.filter((outcome) => outcome === "ok").length;
  if (back > 1) return `was given back ${back} times`;
  if (back === 1 && state !== "ended") return "was given back";
  if (state === "ended" && back === 0 && !releases.includes(UNSURE)) return "was never given back";
  return undefined;
}

/** What was bought is sold, each item to one. */
function checkItems({ codes }: Ledger, { holds, items }: Evidence): string[] {
  const states = new Map(items.map(({ id, state }) => [id, state]));
  const owners = new Map<number, string>();
  const wrong: string[] = [];
  for (const [code, { user, item }] of codes) {
    if (holds.get(code)?.state !== "purchased") continue;
    const other = owners.get(item);
    if (other !== undefined) wrong.push(`the item ${item} is sold to ${other} and to ${user}`);
    owners.set(item, user);
    if (states.get(item) !== "sold") wrong.push(`${user} bought the item ${item}, which is ${states.get(item)}`);
  }
  return wrong;
}

/** No user has more than one may, and none was told of a limit that was never near. */
function checkLimits({ codes, checkouts }: Ledger, { holds }: Evidence, limit: number): string[] {
  const bought = new Map<string, number>();
  const given = new Map<string, number>();
  const add = (to: Map<string, number>, user: string) => to.set(user, (to.get(user) ?? 0) + 1);
  const refused = new Set<string>();
  for (const { user, outcome } of checkouts) {
    if (outcome === "limit_reached") refused.add(user);
    // Of an answer that was lost a hold may be there.
    if (outcome === UNSURE) add(given, user);
  }
  for (const [code, { user, purchases }] of codes) {
    add(given, user);
    if (holds.get(code)?.state === "purchased") add(bought, user);
    if (purchases.includes("limit_reached")) refused.add(user);
  }
  const wrong = [...bought].filter(([, count]) => count > limit).map(([user, count]) =>
    `${user} bought ${count} items`
  );
  for (const user of refused) {
    const count = given.get(user) ?? 0;
    if (count < limit) wrong.push(`${user} was told of a limit with ${count} codes of ${limit}`);
  }
  return wrong;
}
