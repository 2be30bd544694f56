/**
 * How fast is it, beside its rivals, in this one run? `deno task bench [--rounds 3] [--seconds 4]`: every row is
 * measured once a round, rounds follow each other, and the medians are printed. It ends by auditing the rows.
 */
import pg from "pg";
import { createClient } from "@redis/client";
import { ensurePrograms, startPostgres, startRedis } from "../tools/services.ts";
import { conditions } from "./conditions.ts";
import { growth, overload, twoOwners } from "./extremes.ts";
import { type Load, load, type Measured } from "./load.ts";
import { type Server, startDoorbuster, startRival } from "./processes.ts";
import { HEAD, line, median, shown } from "./table.ts";

const CONNECTIONS = 256;
const SLEEPERS = 1_000_000;
const AMOUNT = 2_000_000_000;

function option(name: string, fallback: number): number {
  const place = Deno.args.indexOf(`--${name}`);
  return place < 0 ? fallback : Number(Deno.args[place + 1]);
}

/** Something to measure. */
interface Row {
  readonly name: string;
  readonly server: Server;
  readonly load: Omit<Load, "seconds" | "offset">;
  /** The database whose claims its accepted answers are; absent: none. */
  readonly database?: pg.Client;
  readonly rounds: Measured[];
}

/** Coupons for all measurements: one hot, a thousand, a sold-out one with a holder, a million of one unit. */
async function fill(client: pg.Client): Promise<void> {
  const insert = `insert into coupons (fold, name, amount, remaining, created_at, updated_at)`;
  await client.query(`${insert} values ('hot', 'HOT', ${AMOUNT}, ${AMOUNT}, now(), now()),
    ('gone', 'GONE', 1, 1, now(), now())`);
  await client.query(
    `${insert} select 'c' || i, 'C' || i, ${AMOUNT}, ${AMOUNT}, now(), now() from generate_series(0, 999) i`,
  );
  await client.query(
    `${insert} select 's' || i, 'S' || i, 1, 1, now(), now() from generate_series(0, ${SLEEPERS - 1}) i`,
  );
  await client.query(`with g as (update coupons set remaining = 0, seq = 1 where fold = 'gone' returning id)
    insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
    select id, 1, 0, false, now(), gen_random_uuid(), 'holder' from g`);
  await client.query("vacuum analyze");
  await client.query("checkpoint");
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  return client;
}

/** Accepted answers against rows; returns what is wrong. */
async function audit(name: string, client: pg.Client, rows: readonly Row[]): Promise<string[]> {
  const wrong: string[] = [];
  const { rows: [off] } = await client.query(`select count(*)::integer n from coupons c
    left join (select coupon_id, count(*) n from claims group by 1) k on k.coupon_id = c.id
    where c.amount - c.remaining <> coalesce(k.n, 0)`);
  if (off.n > 0) wrong.push(`${name}: ${off.n} coupons whose counter is not their rows`);
  for (const { name: row, rounds, load: { spread } } of rows) {
    for (const { prefix, accepted, answered, sent } of rounds) {
      const { rows: found } = await client.query(
        `select c.fold, count(*)::integer n from claims k join coupons c on c.id = k.coupon_id
         where k.user_id like $1 group by 1`,
        [prefix.replaceAll("_", "\\_") + "%"],
      );
      const stored = found.reduce((sum, { n }) => sum + n, 0);
      if (stored !== accepted) wrong.push(`${name}, ${row}: ${accepted} accepted, ${stored} stored`);
      if (spread < 2 || accepted !== answered) continue;
      const each = new Map(found.map(({ fold, n }) => [fold, n]));
      for (let coupon = 0; coupon < spread; coupon++) {
        const asked = sent.reduce((sum, count) => sum + Math.floor((count - 1 - coupon) / spread) + 1, 0);
        if (each.get(`c${coupon}`) !== asked) {
          wrong.push(`${name}: C${coupon}: ${asked} accepted, ${each.get(`c${coupon}`)}`);
        }
      }
    }
  }
  return wrong;
}

async function main(): Promise<boolean> {
  await ensurePrograms(["wrk"]);
  const rounds = option("rounds", 3);
  const seconds = option("seconds", 4);
  const postgres = await startPostgres();
  const redis = await startRedis();
  const stops: (() => Promise<unknown>)[] = [() => redis.stop(), () => postgres.stop()];
  try {
    const urls = await Promise.all(["ours", "statement", "lock"].map(() => postgres.createDatabase()));
    const [oursUrl, statementUrl, lockUrl] = urls as [string, string, string];
    const serve = async (starting: Promise<Server>) => {
      const server = await starting;
      stops.unshift(() => server.stop());
      return server;
    };
    // Doorbuster makes the tables, for the rivals too.
    for (const url of [statementUrl, lockUrl]) await (await startDoorbuster(url)).stop();
    const ours = await serve(startDoorbuster(oursUrl));
    const clients = [];
    for (const url of urls) {
      const client = await connect(url);
      stops.unshift(() => client.end());
      await fill(client);
      clients.push(client);
    }
    const [database, statementDatabase, lockDatabase] = clients as [pg.Client, pg.Client, pg.Client];
    const redisClient = createClient({ url: redis.url });
    await redisClient.connect();
    await redisClient.set("left:hot", AMOUNT);
    await redisClient.close();
    const bare = await serve(startRival("bare", ""));
    const edge = await serve(startRival("ceiling", ""));
    const statement = await serve(startRival("one_statement", statementUrl));
    const lock = await serve(startRival("row_lock", lockUrl));
    const lua = await serve(startRival("redis_lua", redis.url));

    const hot = { connections: CONNECTIONS, name: "HOT", spread: 1 };
    const asleep = { connections: CONNECTIONS, name: "S", spread: 0 };
    const row = (name: string, server: Server, load: Row["load"], database?: pg.Client): Row => {
      return { name, server, load, ...database && { database }, rounds: [] };
    };
    const rows = {
      bare: row("bare framework: Hono, a POST with a JSON body, no work", bare, hot),
      ceiling: row("**ceiling**: the same edge, nobody asked, nothing stored", edge, hot),
      hot: row("**one hot coupon**", ours, hot, database),
      hot64: row("one hot coupon, 64 connections", ours, { ...hot, connections: 64 }, database),
      many: row("1,000 coupons", ours, { ...hot, name: "C", spread: 1_000 }, database),
      asleep: row("1,000,000 sleeping coupons of one unit, each claimed once", ours, asleep, database),
      sold: row("sold-out answers", ours, { ...hot, name: "GONE" }, database),
      duplicates: row("duplicates", ours, { ...hot, name: "GONE", holder: "holder" }),
      statement: row("rival: one SQL statement per claim, one hot coupon", statement, hot, statementDatabase),
      statementAsleep: row(
        "rival: one SQL statement per claim, sleeping coupons",
        statement,
        asleep,
        statementDatabase,
      ),
      lock: row("rival: `select … for update` transaction per claim", lock, hot, lockDatabase),
      lua: row("rival: Redis Lua script, nothing durable", lua, hot),
    };
    for (let round = 0; round < rounds; round++) {
      for (const one of Object.values(rows)) {
        console.error(`round ${round + 1} of ${rounds}: ${one.name}`);
        // Each round has its share of the sleepers.
        const offset = Math.floor(SLEEPERS / rounds / 2) * 2 * round;
        one.rounds.push(await load(one.server.port, { ...one.load, seconds, offset }));
      }
    }
    const rate = (one: Row) => median(one.rounds.map(({ rate }) => rate));
    const ratio = (a: Row, b: Row) => (rate(a) / rate(b)).toFixed(2);
    console.log(`${rounds} rounds of ${seconds} s, interleaved; ${CONNECTIONS} connections unless said; medians.`);
    console.log(`${await conditions(database)}\n\n${HEAD}`);
    for (const one of Object.values(rows)) console.log(line(one.name, one.rounds, rate(rows.ceiling)));
    console.log(`
| ratio | |
|---|---:|
| hot coupon to ceiling | ${ratio(rows.hot, rows.ceiling)} |
| hot coupon to one statement per claim | ${ratio(rows.hot, rows.statement)} |
| hot coupon to row lock per claim | ${ratio(rows.hot, rows.lock)} |
| hot coupon to Redis Lua | ${ratio(rows.hot, rows.lua)} |
| 1,000 coupons to one hot coupon | ${ratio(rows.many, rows.hot)} |
| sold-out answers to ceiling | ${ratio(rows.sold, rows.ceiling)} |
| ceiling to bare framework | ${ratio(rows.ceiling, rows.bare)} |
| 64 connections to 256 | ${ratio(rows.hot64, rows.hot)} |
| sleeping coupons to one statement per claim, same work | ${ratio(rows.asleep, rows.statementAsleep)} |
`);
    const wrong: string[] = [];
    for (
      const [name, client] of [["Doorbuster", database], ["one statement", statementDatabase], [
        "row lock",
        lockDatabase,
      ]] as const
    ) {
      wrong.push(...await audit(name, client, Object.values(rows).filter((one) => one.database === client)));
    }
    console.log("| extremes | |\n|---|---|");
    for (
      const told of [
        await overload(oursUrl, seconds),
        await twoOwners(oursUrl, seconds),
        await growth(oursUrl, database, seconds),
      ].flat()
    ) console.log(told);
    const total = Object.values(rows).flatMap(({ rounds, database }) => database ? rounds : []);
    const accepted = total.reduce((sum, { accepted }) => sum + accepted, 0);
    for (const one of wrong) console.log(`WRONG: ${one}`);
    console.log(
      `\naudit: ${wrong.length === 0 ? "exact" : "NOT EXACT"}: ${shown(accepted)} accepted answers, each a row`,
    );
    return wrong.length === 0;
  } finally {
    for (const stop of stops) await stop();
  }
}

Deno.exit(await main() ? 0 : 1);
