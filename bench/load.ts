/** How is a server loaded, and what came back? By wrk, which costs far less than it measures. */

/** One measurement's load. */
export interface Load {
  readonly connections: number;
  readonly seconds: number;
  /** Coupon, or the beginning of coupons' names. */
  readonly name: string;
  /** 1: one coupon; k: k coupons in turn; 0: each request claims another, from `offset` on. */
  readonly spread: number;
  readonly offset?: number;
  /** The one who asks each time; absent: each request another user. */
  readonly holder?: string;
}

/** What came back. */
export interface Measured {
  /** Answers a second over the window, all and those accepted. */
  readonly rate: number;
  readonly answered: number;
  readonly accepted: number;
  readonly refused: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Requests of each of wrk's threads, in their order. */
  readonly sent: readonly number[];
  /** The users' prefix. */
  readonly prefix: string;
}

const THREADS = 2;
/** For answers that are in flight when the window ends. */
const TAIL_SECONDS = 1;
let runs = 0;

/** Loads a server on 127.0.0.1. @throws Error where wrk failed or a connection broke */
export async function load(port: number, wanted: Load): Promise<Measured> {
  const prefix = `r${++runs}_${crypto.randomUUID().slice(0, 4)}_`;
  const { connections, seconds, name, spread, offset = 0, holder = "" } = wanted;
  const command = new Deno.Command("wrk", {
    args: [
      ...[`-t${THREADS}`, `-c${connections}`, `-d${seconds + TAIL_SECONDS}s`, "--timeout", "10s"],
      ...["-s", new URL("claims.lua", import.meta.url).pathname, `http://127.0.0.1:${port}/api/coupons/claim`],
    ],
    env: {
      WINDOW: String(seconds),
      NAME: name,
      SPREAD: String(spread),
      OFFSET: String(offset),
      PREFIX: prefix,
      HOLDER: holder,
    },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const line = new TextDecoder().decode(stdout).split("\n").find((line) => line.startsWith("{"));
  if (code !== 0 || line === undefined) throw new Error(`Cannot load ${port}: ${new TextDecoder().decode(stderr)}`);
  const { answered, refused, broken, p50, p99, sent } = JSON.parse(line);
  if (broken > 0) throw new Error(`Cannot count the answers of ${port} as connections broke: ${broken}`);
  return { rate: answered / seconds, answered, accepted: answered - refused, refused, p50, p99, sent, prefix };
}
