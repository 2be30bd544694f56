/** What happens at the edges: too many connections, two owners by mistake, a coupon of a million claims? */
import type pg from "pg";
import { load } from "./load.ts";
import { residentBytes, type Server, startDoorbuster } from "./processes.ts";
import { shown } from "./table.ts";

const HOT = { name: "HOT", spread: 1 };
const MIB = 1_048_576;

function told(what: string, value: string): string {
  return `| ${what} | ${value} |`;
}

async function withServer<T>(url: string, body: (server: Server) => Promise<T>, env = {}): Promise<T> {
  const server = await startDoorbuster(url, env);
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

async function claim(port: number, user: string, coupon: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/api/coupons/claim`, {
    method: "POST",
    body: JSON.stringify({ user_id: user, coupon_name: coupon }),
    headers: { "content-type": "application/json" },
  });
  await response.body?.cancel();
  if (response.status !== 200 && response.status !== 409) throw new Error(`Claim answered ${response.status}`);
  return performance.now() - startedAt;
}

/** 2,560 connections, with the usual mailbox and with a small one that must refuse. */
export async function overload(url: string, seconds: number): Promise<string[]> {
  const lines = await withServer(url, async (server) => {
    const coupon = { ...HOT, name: "C1", seconds };
    await load(server.port, { ...coupon, connections: 256 });
    const usual = await load(server.port, { ...coupon, connections: 256 });
    const before = await residentBytes(server.pid);
    const crowd = await load(server.port, { ...coupon, connections: 2_560 });
    const after = await residentBytes(server.pid);
    const again = await load(server.port, { ...coupon, connections: 256 });
    return [
      told("2,560 connections: accepted, to that at 256", (crowd.accepted / usual.accepted).toFixed(2)),
      told("memory after it, to that at 256", `${(after / before).toFixed(2)} (${shown(after / MIB)} MiB)`),
      told("the rate at 256 a second later, to before", (again.rate / Math.max(usual.rate, 1)).toFixed(2)),
    ];
  });
  const small = await withServer(url, async (server) => {
    const crowd = await load(server.port, { ...HOT, name: "C2", seconds, connections: 2_560 });
    return told(
      "2,560 connections on a mailbox of 64: accepted/s, refused/s (503), p99 ms",
      `${shown(crowd.accepted / seconds)}, ${shown(crowd.refused / seconds)}, ${crowd.p99.toFixed(1)}`,
    );
  }, { MAILBOX_MAX: "64" });
  return [...lines, small];
}

/** Two servers on one database, both claiming one coupon. */
export async function twoOwners(url: string, seconds: number): Promise<string[]> {
  return await withServer(url, (first) =>
    withServer(url, async (second) => {
      const coupon = { ...HOT, name: "C3", seconds };
      const alone = await load(first.port, { ...coupon, connections: 256 });
      const both = await Promise.all(
        [first, second].map(({ port }) => load(port, { ...coupon, connections: 128 })),
      );
      const accepted = both.reduce((sum, one) => sum + one.accepted, 0);
      const refused = both.reduce((sum, one) => sum + one.refused, 0);
      return [told(
        "two owners of one coupon: accepted, to one server alone",
        [
          (accepted / alone.accepted).toFixed(2),
          `${shown(refused)} of ${shown(accepted + refused)} answers were 503`,
        ].join("; "),
      )];
    }));
}

/** A coupon of a million claims: waking it, and what others feel of that. */
export async function growth(url: string, client: pg.Client, seconds: number): Promise<string[]> {
  await client.query(`with c as (
      insert into coupons (fold, name, amount, remaining, seq, created_at, updated_at)
      values ('big', 'BIG', 9000000, 8000000, 1000000, now(), now()) returning id
    )
    insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
    select id, i, 9000000 - i, false, now(), gen_random_uuid(), 'user_' || i from c, generate_series(1, 1000000) i`);
  await client.query("vacuum analyze claims");
  await client.query(`insert into coupons (fold, name, amount, remaining, created_at, updated_at)
    values ('new', 'NEW', 9000000, 9000000, now(), now())`);
  return await withServer(url, async (server) => {
    await load(server.port, { name: "NEW", spread: 1, connections: 16, seconds: 1 });
    const others = load(server.port, { name: "NEW", spread: 1, connections: 16, seconds });
    const before = await residentBytes(server.pid);
    const wakeMs = await claim(server.port, "late", "BIG");
    const bytes = await residentBytes(server.pid) - before;
    const { p99 } = await others;
    const startedAt = performance.now();
    await (await fetch(`http://127.0.0.1:${server.port}/api/coupons/BIG`)).text();
    const getMs = performance.now() - startedAt;
    const fresh = await load(server.port, { name: "NEW", spread: 1, connections: 256, seconds });
    const big = await load(server.port, { name: "BIG", spread: 1, connections: 256, seconds });
    return [
      told("a coupon of 1,000,000 claims: first claim after a start, others under load", `${shown(wakeMs)} ms`),
      told("memory it takes, per claim", `${shown(bytes / 1_000_000)} bytes`),
      told("p99 of other claims while it wakes", `${p99.toFixed(1)} ms`),
      told("GET of it", `${getMs.toFixed(1)} ms`),
      told("claiming on it, to a new one", (big.rate / fresh.rate).toFixed(2)),
    ];
  });
}
