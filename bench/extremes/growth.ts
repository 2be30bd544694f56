/** What does a coupon of a million claims cost: waking it, and what others feel of that? */
import { claim, show } from "../claim.ts";
import { AMOUNT, type Lab } from "../lab.ts";
import type { Database } from "../database.ts";
import { median } from "../numbers.ts";
import { memoryOf } from "../processes.ts";
import { CONNECTIONS, type Experiment, type Round } from "../rows.ts";
import { withServer } from "./overload.ts";

const CLAIMS = 1_000_000;
const GETS = 5;
const BYSTANDERS = 16;
const TITLE = "a coupon of 1,000,000 claims";

/** A new one each round, since each round claims on it. */
async function makeBig({ client }: Database, name: string): Promise<void> {
  console.error(`  making ${name}`);
  await client.query(`with c as (
      insert into coupons (fold, name, amount, remaining, seq, created_at, updated_at)
      values ('${name.toLowerCase()}', '${name}', ${AMOUNT}, ${AMOUNT - CLAIMS}, ${CLAIMS}, now(), now()) returning id
    )
    insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
    select id, i, ${AMOUNT} - i, false, now(), gen_random_uuid(), 'old_' || i from c, generate_series(1, ${CLAIMS}) i`);
  await client.query("vacuum analyze claims");
  await client.query("checkpoint");
}

async function claimed(port: number, user: string, coupon: string): Promise<number> {
  const { status, code, ms } = await claim(port, user, coupon);
  if (status !== 200) throw new Error(`Cannot measure ${coupon} as a claim was answered ${status} ${code ?? ""}`);
  return ms;
}

/** Wakes it on a server that does nothing else; returns how long that took. */
async function wakeAlone(lab: Lab, database: Database, name: string): Promise<number> {
  return await withServer(database, async ({ port, pid }) => {
    await claimed(port, `probe_alone_${name}`, "NEW");
    const before = (await memoryOf(pid)).now;
    const wakeMs = await claimed(port, "probe_alone", name);
    const after = (await memoryOf(pid)).now;
    const gets = [];
    for (let time = 0; time < GETS; time++) gets.push((await show(port, name)).ms);
    lab.book.figure(`${TITLE}: its first claim after a start`, "ms", wakeMs);
    lab.book.figure(`${TITLE}: memory that waking it takes`, "bytes/claim", (after - before) / CLAIMS);
    lab.book.figure(`${TITLE}: GET of it`, "ms", median(gets));
    return wakeMs;
  });
}

/** Wakes it while others claim another coupon, then claims on it. */
async function wakeAmongOthers(lab: Lab, database: Database, name: string, wakeMs: number, when: Round): Promise<void> {
  const { book } = lab;
  const { round, seconds } = when;
  await withServer(database, async (server) => {
    const load = (coupon: string, connections: number, duration = seconds) =>
      lab.load(`${TITLE}: ${coupon}`, server, { name: coupon, spread: 1, connections, seconds: duration }, database);
    await load("NEW", CONNECTIONS, 1);
    const loadingSeconds = Math.max(0.5, wakeMs * 1.5 / 1_000);
    const calm = await load("NEW", BYSTANDERS, loadingSeconds);
    const others = load("NEW", BYSTANDERS, loadingSeconds);
    const [loading] = await Promise.all([others, claimed(server.port, "probe_among", name)]);
    const fresh = await load("NEW", CONNECTIONS);
    const big = await load(name, CONNECTIONS);
    book.row("new", "a new coupon, on a server just started", round, fresh);
    book.row("big", TITLE, round, big);
    book.figure(`p99 of claims on another coupon, ${BYSTANDERS} connections, before that`, "ms", calm.p99Ms);
    book.figure(`p99 of claims on another coupon, ${BYSTANDERS} connections, while it wakes`, "ms", loading.p99Ms);
    book.figure(`${TITLE}: claiming on it, to a new one`, "", big.rate / fresh.rate);
  });
}

/** A coupon that has grown. */
export const GROWTH: Experiment = {
  name: "growth",
  title: TITLE,
  prepare: (lab) => lab.database("growth"),
  async measure(lab, when) {
    const database = await lab.database("growth");
    const name = `BIG${when.round}`;
    await makeBig(database, name);
    const wakeMs = await wakeAlone(lab, database, name);
    await wakeAmongOthers(lab, database, name, wakeMs, when);
  },
};
