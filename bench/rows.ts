/** What is measured on the servers that stay up? */
import { claim } from "./claim.ts";
import { HOLDER, type Lab, SLEEPERS } from "./lab.ts";
import type { Load } from "./load.ts";

/** The usual number of connections. */
export const CONNECTIONS = 256;

/** What comes before each measurement; audited like it. */
const WARM_UP_SECONDS = 1;

/** When something is measured. */
export interface Round {
  /** From 0 on. */
  readonly round: number;
  readonly rounds: number;
  /** Of one measurement. */
  readonly seconds: number;
}

/** Something that is measured once a round, and writes what it finds in the lab's book. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** Whether it needs the sleeping coupons. */
  readonly asleep?: boolean;
  /** Makes what it needs, so that no round pays for it. */
  prepare(lab: Lab): Promise<unknown>;
  measure(lab: Lab, when: Round): Promise<void>;
}

/** A line of the table: a server, a load, and what each answer must be. */
interface Line {
  readonly name: string;
  readonly title: string;
  /** Doorbuster where absent. */
  readonly rival?: string;
  readonly load: Omit<Load, "seconds">;
  /** The database whose claims its accepted answers are. */
  readonly database?: string;
  /** Success, or the problem's status and code. */
  readonly expects?: { status: number; code: string };
}

function coupon(name: string, more: Partial<Load> = {}): Line["load"] {
  return { connections: CONNECTIONS, name, spread: 1, ...more };
}

const ASLEEP = coupon("S", { spread: 0 });
const SOLD_OUT = { status: 400, code: "sold_out" };
const DUPLICATE = { status: 409, code: "already_claimed" };

const LINES: readonly Line[] = [
  { name: "bare", title: "bare framework: Hono, POST with a JSON body, no work", rival: "bare", load: coupon("HOT") },
  { name: "ceiling", title: "**ceiling**: our edge, nothing asked or stored", rival: "ceiling", load: coupon("HOT") },
  { name: "hot", title: "**one hot coupon**", load: coupon("HOT"), database: "ours" },
  {
    name: "hot_64",
    title: "one hot coupon, 64 connections",
    load: coupon("HOT", { connections: 64 }),
    database: "ours",
  },
  { name: "thousand", title: "1,000 coupons", load: coupon("C", { spread: 1_000 }), database: "ours" },
  { name: "sleepers", title: "1,000,000 sleeping coupons of one unit", load: ASLEEP, database: "ours" },
  {
    name: "sleepers_statement",
    title: "rival on those: one SQL statement per claim",
    rival: "one_statement",
    load: ASLEEP,
    database: "one_statement",
  },
  {
    name: "sold_out",
    title: "sold-out answers (400)",
    load: coupon("SOLD_OUT"),
    database: "ours",
    expects: SOLD_OUT,
  },
  {
    name: "duplicates",
    title: "duplicates: a holder asks again (409)",
    load: coupon("HELD", { holder: HOLDER }),
    expects: DUPLICATE,
  },
  {
    name: "statement",
    title: "rival: one SQL statement per claim",
    rival: "one_statement",
    load: coupon("HOT"),
    database: "one_statement",
  },
  {
    name: "row_lock",
    title: "rival: `select … for update` per claim",
    rival: "row_lock",
    load: coupon("HOT"),
    database: "row_lock",
  },
  { name: "redis", title: "rival: Redis Lua, nothing durable", rival: "redis_lua", load: coupon("HOT") },
];

/** Asks once before the load: does the server answer as this line says? */
async function probe(port: number, { name, load, expects }: Line, round: number): Promise<void> {
  const target = load.spread === 0 ? "HOT" : load.spread === 1 ? load.name : `${load.name}0`;
  const { status, code } = await claim(port, load.holder ?? `probe_${name}_${round}`, target);
  const wanted = expects ?? { status: 200 };
  if (status === wanted.status && code === expects?.code) return;
  throw new Error(`Cannot measure ${name} as a claim was answered ${status} ${code ?? ""}`);
}

/** This round's share of the sleepers: each is claimed once in all rounds. */
export function shareOf(round: number, rounds: number): { offset: number; share: number } {
  const share = Math.floor(SLEEPERS / rounds / 2) * 2;
  return { offset: share * round, share };
}

function experimentOf(line: Line): Experiment {
  const { name, title, rival, database, expects } = line;
  const asleep = line.load.spread === 0;
  const serve = (lab: Lab) => rival === undefined ? lab.doorbuster() : lab.rival(rival);
  return {
    name,
    title,
    asleep,
    prepare: serve,
    async measure(lab, { round, rounds, seconds }) {
      const server = await serve(lab);
      await probe(server.port, line, round);
      const rows = database === undefined ? undefined : await lab.database(database);
      const load = { ...line.load, seconds, ...asleep && shareOf(round, rounds) };
      // The row before may have put its actors to sleep, and new code is slow at first.
      if (!asleep) await lab.load(`${title}: warming up`, server, { ...load, seconds: WARM_UP_SECONDS }, rows);
      const measured = await lab.load(title, server, load, rows);
      const { accepted, refused } = measured;
      const strange = expects === undefined ? refused : accepted;
      if (strange > 0) lab.book.notes.push(`${name}, round ${round + 1}: ${strange} answers were not as expected`);
      lab.book.row(name, title, round, measured);
    },
  };
}

/** The lines of the table that need no server of their own. */
export const ROWS: readonly Experiment[] = LINES.map(experimentOf);
