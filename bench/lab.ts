/** What stands ready for measurements? Databases with coupons and servers on them, each made when it is first needed. */
import pg from "pg";
import { createClient } from "@redis/client";
import { type Postgres, type Redis, startPostgres, startRedis } from "../tools/services.ts";
import type { Book } from "./book.ts";
import type { Database } from "./database.ts";
import { type Load, load, type Measured } from "./load.ts";
import { type SaleLoad, type SaleMeasured, stormSale } from "./sales/load.ts";
import { migrate, type Server, startDoorbuster, startRival } from "./processes.ts";

/** More units than are ever claimed. */
export const AMOUNT = 2_000_000_000;
/** Coupons of one unit. */
export const SLEEPERS = 1_000_000;
/** The holder of the coupons SOLD_OUT and HELD. */
export const HOLDER = "holder";

const INSERT = "insert into coupons (fold, name, amount, remaining, created_at, updated_at)";
const COUPONS = ["HOT", "CROWD", "SMALL", "SHARED", "NEW"];

async function fill(client: pg.Client, sleepers: number): Promise<void> {
  const each = COUPONS.map((name) => `('${name.toLowerCase()}', '${name}', ${AMOUNT}, ${AMOUNT}, now(), now())`);
  await client.query(`${INSERT} values ${each.join(", ")}`);
  await client.query(`with c as (
      insert into coupons (fold, name, amount, remaining, seq, created_at, updated_at)
      values ('sold_out', 'SOLD_OUT', 1, 0, 1, now(), now()), ('held', 'HELD', 1000, 999, 1, now(), now())
      returning id, remaining
    )
    insert into claims (coupon_id, seq, remaining, keyed, claimed_at, claim_id, user_id)
    select id, 1, remaining, false, now(), gen_random_uuid(), '${HOLDER}' from c`);
  const amount = `${AMOUNT}, ${AMOUNT}, now(), now()`;
  await client.query(`${INSERT} select 'c' || i, 'C' || i, ${amount} from generate_series(0, 999) i`);
  await client.query(
    `${INSERT} select 's' || i, 'S' || i, 1, 1, now(), now() from generate_series(0, ${sleepers} - 1) i`,
  );
  await client.query("vacuum analyze coupons");
  await client.query("checkpoint");
}

/**
 * WAL segments that are made before anything is measured. PostgreSQL uses old ones again; a new one it fills with zeros
 * and syncs, which stops all commits for tens of milliseconds: a server that is in use has done so long ago.
 */
const SEGMENTS = 120;
const WAL = { min_wal_size: "2GB", max_wal_size: "4GB" };

async function makeSegments(url: string): Promise<void> {
  const client = await connect(url);
  await client.query("create table segments (n integer)");
  for (let n = 0; n < SEGMENTS; n++) {
    await client.query("insert into segments values (1)"); // An empty segment is not switched.
    await client.query("select pg_switch_wal()");
  }
  await client.query("drop table segments");
  await client.query("checkpoint");
  await client.end();
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // What matters is thrown by the query.
  await client.connect();
  return client;
}

/** Everything that runs; `stop()` ends it. */
export class Lab {
  readonly #made = new Map<string, Promise<unknown>>();
  readonly #stops: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly postgres: Postgres,
    readonly redis: Redis,
    readonly book: Book,
    readonly sleepers: number,
  ) {
    this.#stops.push(() => postgres.stop(), () => redis.stop());
  }

  /** @param sleepers how many coupons of one unit the databases hold */
  static async open(book: Book, sleepers: number): Promise<Lab> {
    const postgres = await startPostgres({ settings: WAL });
    try {
      console.error("making PostgreSQL's WAL segments");
      await makeSegments(postgres.url);
      return new Lab(postgres, await startRedis(), book, sleepers);
    } catch (error) {
      await postgres.stop();
      throw error;
    }
  }

  /** A database of this lab, with coupons. */
  database(name: string): Promise<Database> {
    return this.#once(`database ${name}`, async () => {
      console.error(`filling the database "${name}"`);
      const url = await this.postgres.createDatabase();
      await migrate(url);
      const client = await connect(url);
      this.#stops.push(() => client.end());
      await fill(client, ["ours", "one_statement"].includes(name) ? this.sleepers : 0);
      return { name, url, client };
    });
  }

  /** The Doorbuster that stays up for all rounds. */
  doorbuster(): Promise<Server> {
    return this.#once("doorbuster", async () => this.#keep(await startDoorbuster((await this.database("ours")).url)));
  }

  /** A server of `bench/servers` that stays up, on a database of its own name where it needs one. */
  rival(name: string): Promise<Server> {
    return this.#once(name, async () => {
      if (name === "redis_lua") await this.#fillRedis();
      const urls: Record<string, () => Promise<string>> = {
        one_statement: async () => (await this.database(name)).url,
        row_lock: async () => (await this.database(name)).url,
        sales_statement: async () => (await this.database(name)).url,
        sales_row_lock: async () => (await this.database(name)).url,
        redis_lua: () => Promise.resolve(this.redis.url),
      };
      return this.#keep(await startRival(name, await urls[name]?.() ?? ""));
    });
  }

  /** Loads a server, and has its answers audited where they are rows of a database. */
  async load(title: string, server: Server, wanted: Load, database?: Database): Promise<Measured> {
    const measured = await load(server.port, wanted);
    if (database !== undefined) this.book.runs.push({ title, database, load: wanted, measured });
    return measured;
  }

  /** Storms a sale, and has its answers audited where they are rows of a database. */
  async storm(
    title: string,
    server: Server,
    sale: number,
    wanted: SaleLoad,
    database?: Database,
  ): Promise<SaleMeasured> {
    const measured = await stormSale(server.port, sale, wanted);
    if (database !== undefined) this.book.saleRuns.push({ title, database, sale, load: wanted, measured });
    return measured;
  }

  /** Ends everything, the newest first. */
  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0).reverse()) await stop().catch((error) => console.error(error));
  }

  #keep(server: Server): Server {
    this.#stops.push(() => server.stop());
    return server;
  }

  async #fillRedis(): Promise<void> {
    const client = createClient({ url: this.redis.url });
    client.on("error", () => {}); // What matters is thrown by the command.
    await client.connect();
    await client.set("left:hot", AMOUNT);
    await client.close();
  }

  #once<T>(key: string, make: () => Promise<T>): Promise<T> {
    const made = this.#made.get(key) as Promise<T> | undefined ?? make();
    this.#made.set(key, made);
    return made;
  }
}
