/** How is a server loaded, and what came back? By wrk, which costs far less than it measures. */
import { shoot } from "./wrk.ts";

/** One measurement's load. */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** Coupon, or the beginning of coupons' names. */
  readonly name: string;
  /** 1: one coupon; k: k coupons in turn; 0: each request claims another, `share` of them from `offset` on. */
  readonly spread: number;
  readonly offset?: number;
  readonly share?: number;
  /** The one who asks each time; absent: each request another user. */
  readonly holder?: string;
  readonly threads?: number;
}

/** What came back. */
export interface Measured {
  /** Answers a second within the window, and the parts of them that were accepted and refused (not 2xx). */
  readonly rate: number;
  readonly acceptedRate: number;
  readonly refusedRate: number;
  /** All answers, those after the window too. */
  readonly answered: number;
  readonly accepted: number;
  readonly refused: number;
  /** Requests whose answer never came; 0, or nothing can be said of the rows. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Requests of each of wrk's threads, in their order. */
  readonly sent: readonly number[];
  /** The beginning of its users' ids, up to the first `_`. */
  readonly run: string;
}

/** What the script prints at the end. */
interface Printed {
  readonly answered: number;
  readonly refused: number;
  readonly broken: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly threads: readonly { readonly sent: number; readonly timely: number; readonly seconds: number }[];
}

const THREADS = 2;
/** Answers in flight when the window ends are awaited so long at most; all are there far sooner as a rule. */
const TAIL_SECONDS = 12;
const UNLIMITED = 1e12;
let runs = 0;

function environment(wanted: Load, threads: number, run: string): Record<string, string> {
  const { connections, seconds, name, spread, offset = 0, share, holder = "" } = wanted;
  return {
    WINDOW: String(seconds),
    CONNECTIONS: String(connections / threads),
    THREADS: String(threads),
    LIMIT: String(share === undefined ? UNLIMITED : Math.floor(share / threads)),
    NAME: name,
    SPREAD: String(spread),
    OFFSET: String(offset),
    PREFIX: `${run}_`,
    HOLDER: holder,
  };
}

function measuredOf({ answered, refused, broken, p50Us, p99Us, threads }: Printed, run: string): Measured {
  const rate = threads.reduce((sum, { timely, seconds }) => sum + (seconds > 0 ? timely / seconds : 0), 0);
  const sent = threads.map(({ sent }) => sent);
  const lost = Math.max(broken, sent.reduce((sum, one) => sum + one, 0) - answered);
  const accepted = answered - refused;
  const [acceptedRate, refusedRate] = [accepted, refused].map((part) => answered === 0 ? 0 : rate * part / answered);
  const latency = { p50Ms: p50Us / 1_000, p99Ms: p99Us / 1_000 };
  return {
    ...{ rate, acceptedRate: acceptedRate!, refusedRate: refusedRate!, answered, accepted, refused, lost, sent, run },
    ...latency,
  };
}

/** The name of a new run: the beginning of its users' ids, up to the first `_`. */
export function newRun(): string {
  return `r${++runs}`;
}

/** Loads a server on 127.0.0.1. @throws Error where wrk failed */
export async function load(port: number, wanted: Load): Promise<Measured> {
  const run = newRun();
  const { connections, seconds, threads = THREADS } = wanted;
  const most = Math.ceil(seconds) + TAIL_SECONDS;
  const env = environment(wanted, threads, run);
  const path = "/api/coupons/claim";
  const printed = await shoot<Printed>({ port, path, script: "claims.lua", connections, threads, seconds: most, env });
  return measuredOf(printed, run);
}
