/** How does a test run a real server process, talk to it, and hold what it was told against what is stored? */
import assert from "node:assert/strict";
import { SERVE_ARGS, SERVE_ENV } from "../../tools/serve_args.ts";
import { timeEnv } from "../../tools/faketime.ts";
import { endWithMe } from "../../tools/services.ts";
import { openTestPostgres } from "./storage.ts";
import { until } from "./until.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
/** What of this process's environment a server needs; its settings are the test's alone. */
const INHERITED = ["PATH", "HOME", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME"];
const START_MS = 60_000;
const END_MS = 30_000;
const LAST_LINES = 20;

/** Where a server keeps its data, and further settings. */
export interface NodeOptions {
  readonly databaseUrl?: string;
  /** Of the embedded database, where there is no `databaseUrl`. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What Deno is told to do; else to run the server with what it may need. */
  readonly command?: readonly string[];
  /** Where; else in the project's folder. */
  readonly cwd?: string;
}

/** As by `deno task start`, and with the one right more that a server needs on an embedded database. */
function serveArgs(dataDir: string): readonly string[] {
  return dataDir === "" ? SERVE_ARGS : [...SERVE_ARGS.slice(0, -1), `--allow-write=${dataDir}`, SERVE_ARGS.at(-1)!];
}

/** A server process, from its start to its end; what it says goes to a file, so that nothing waits for a reader. */
class ServerProcess {
  readonly pid: number;
  code: number | undefined;
  readonly #log = Deno.makeTempFileSync({ prefix: "doorbuster-node-", suffix: ".log" });
  readonly #ended: Promise<void>;
  readonly #forget = endWithMe(() => this.end("SIGKILL").then(() => {}));
  #said = "";

  constructor(options: NodeOptions) {
    const { databaseUrl = "", dataDir = "", env = {}, command = serveArgs(dataDir), cwd = ROOT } = options;
    const inherited = INHERITED.map((name) => [name, Deno.env.get(name)] as const).filter(([, value]) => value);
    const child = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$@" >>"$0" 2>&1', this.#log, Deno.execPath(), ...command],
      cwd,
      clearEnv: true,
      env: {
        ...Object.fromEntries(inherited),
        ...timeEnv(),
        ...SERVE_ENV,
        PORT: "0",
        DATABASE_URL: databaseUrl,
        DATA_DIR: dataDir,
        ...env,
      },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    this.pid = child.pid;
    this.#ended = child.status.then(({ code }) => {
      this.#said = this.said();
      this.code = code;
      Deno.removeSync(this.#log);
      this.#forget();
    });
  }

  /** All that it said. */
  said(): string {
    return this.code === undefined ? Deno.readTextFileSync(this.#log) : this.#said;
  }

  signal(name: Deno.Signal): void {
    if (this.code === undefined) Deno.kill(this.pid, name);
  }

  /** Signals it where it runs, and waits for its end; returns its exit code. */
  async end(name: Deno.Signal): Promise<number> {
    this.signal(name);
    return await this.ended();
  }

  /** Waits for its end; kills it where that takes too long. */
  async ended(): Promise<number> {
    try {
      await until(() => this.code !== undefined, { what: "the server's end", timeoutMs: END_MS });
    } catch (error) {
      this.signal("SIGKILL");
      await this.#ended;
      throw new Error(`${(error as Error).message}; it said: ${lastLines(this.said())}`);
    }
    await this.#ended;
    return this.code!;
  }
}

function lastLines(text: string): string {
  return text.trim().split("\n").slice(-LAST_LINES).join("\n");
}

/** A server that serves. */
export interface TestNode {
  readonly url: string;
  readonly pid: number;
  /** Ends it by SIGKILL; nothing where it has ended. */
  kill(): Promise<void>;
  /** Ends it by SIGTERM; returns its exit code. @throws Error with its last lines where it does not end in time */
  stop(): Promise<number>;
  signal(name: Deno.Signal): void;
  /** Its last lines, for a failure's message. */
  lastLines(): string;
  /** All that it said. */
  said(): string;
}

/** Starts a server on a free port. @throws Error with its last lines where it ends, or is not ready in time */
export async function startNode(options: NodeOptions): Promise<TestNode> {
  const server = new ServerProcess(options);
  let url = "";
  try {
    await until(async () => {
      url = /Doorbuster listens on (http:\/\/(?:127\.0\.0\.1|0\.0\.0\.0):\d+)/.exec(server.said())?.[1] ?? "";
      return server.code !== undefined || url !== "" && (await ask(url, "GET", "/readyz")).status === 200;
    }, { what: "a server to be ready", timeoutMs: START_MS, everyMs: 20 });
    assert.equal(server.code, undefined, "the server ended at its start");
  } catch (error) {
    await server.end("SIGKILL");
    throw new Error(`${(error as Error).message}; it said: ${lastLines(server.said())}`);
  }
  return {
    url,
    pid: server.pid,
    kill: async () => void await server.end("SIGKILL"),
    stop: () => server.end("SIGTERM"),
    signal: (name) => server.signal(name),
    lastLines: () => lastLines(server.said()),
    said: () => server.said(),
  };
}

/** Starts a server that should refuse to serve; returns its exit code and all that it said. */
export async function refusedStart(options: NodeOptions): Promise<{ code: number; said: string }> {
  const server = new ServerProcess(options);
  const code = await server.ended();
  return { code, said: server.said() };
}

/** An answer's fields, as far as tests look at them by name. */
export interface Body {
  readonly code?: string;
  readonly claim_id?: string;
  readonly remaining_amount?: number;
  readonly claimed_by?: string[];
  readonly data?: { claim_id: string; user_id: string; name: string }[];
  readonly meta?: { page: number; per_page: number; page_count: number; total: number };
  readonly next_cursor?: string | null;
  readonly [field: string]: unknown;
}

/** What a server answered. */
export interface Reply {
  readonly status: number;
  readonly body: Body;
}

type Headers = Readonly<Record<string, string>>;

/** Where to ask: a server, or for each request another of several. */
export type Target = string | (() => string);

/** Sends a request. @throws TypeError where its answer is lost or it was never sent */
export async function ask(
  target: Target,
  method: string,
  path: string,
  body?: unknown,
  headers: Headers = {},
): Promise<Reply> {
  const content = body === undefined ? {} : { "content-type": "application/json" };
  // Sent once: a text would be sent again by fetch itself where its connection is closed before an answer.
  const once = body === undefined ? null : new Blob([JSON.stringify(body)]);
  const url = typeof target === "string" ? target : target();
  const response = await fetch(url + path, { method, body: once, headers: { ...content, ...headers } });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

/** Claims a unit of a coupon. Throws as `ask`. */
export function claim(url: Target, user: string, coupon: string, headers: Headers = {}): Promise<Reply> {
  return ask(url, "POST", "/api/coupons/claim", { user_id: user, coupon_name: coupon }, headers);
}

/** Makes a coupon. Throws as `ask`. */
export function createCoupon(url: Target, name: string, amount: number, headers: Headers = {}): Promise<Reply> {
  return ask(url, "POST", "/api/coupons", { name, amount }, headers);
}

/** The stored claims of a coupon: user -> claim's id. */
export async function claimsOf(url: Target, coupon: string): Promise<Map<string, string>> {
  const claims = new Map<string, string>();
  let cursor = "";
  for (;;) {
    const path = `/api/coupons/${encodeURIComponent(coupon)}/claims?limit=1000${cursor}`;
    const { status, body } = await ask(url, "GET", path);
    assert.equal(status, 200, JSON.stringify(body));
    for (const { user_id, claim_id } of body.data!) {
      assert(!claims.has(user_id), `${user_id} holds two claims on ${coupon}`);
      claims.set(user_id, claim_id);
    }
    if (body.next_cursor === null) return claims;
    cursor = `&cursor=${body.next_cursor}`;
  }
}

/** Answers to a claim that may be true; any other is wrong, `data_error` too: a backstop of the schema was needed. */
const ALLOWED = /^(200|409 already_claimed|400 sold_out|503 (overloaded|deadline|storage_unavailable|moved|stopping))$/;

/**
 * What clients were told of claims on one coupon, none of which is voided and which is not restocked: a claim that won
 * is stored for ever, and sold out is for ever.
 */
export class Ledger {
  /** How often each answer was given: `200`, `409 already_claimed`, `lost` … */
  readonly counts: Record<string, number> = {};
  /** Users that were told of a claim of theirs -> its id; undefined where it was not named. */
  readonly #told = new Map<string, string | undefined>();
  /** How often each user was asked for. */
  readonly #asked = new Map<string, number>();
  readonly #wrong: string[] = [];
  #soldOutAt = Infinity;

  constructor(readonly coupon: string, readonly amount: number) {}

  /** Claims that were decided: won or refused. */
  get decided(): number {
    return (this.counts["200"] ?? 0) + (this.counts["409 already_claimed"] ?? 0) + (this.counts["400 sold_out"] ?? 0);
  }

  /** Users that were told that they won. */
  get winners(): readonly string[] {
    return [...this.#told].filter(([, claimId]) => claimId !== undefined).map(([user]) => user);
  }

  /** Claims, and writes down what was answered; returns it. */
  async claim(url: Target, user: string, headers: Headers = {}): Promise<string> {
    const sentAt = performance.now();
    const isFirst = !this.#asked.has(user);
    this.#asked.set(user, (this.#asked.get(user) ?? 0) + 1);
    const reply = await claim(url, user, this.coupon, headers).catch((error) => {
      if (error instanceof TypeError) return undefined;
      throw error;
    });
    const answer = reply === undefined ? "lost" : `${reply.status} ${reply.body.code ?? ""}`.trim();
    this.counts[answer] = (this.counts[answer] ?? 0) + 1;
    if (reply === undefined) return answer;
    if (!ALLOWED.test(answer)) this.#wrong.push(`${user}: ${answer}`);
    if (reply.status === 200) {
      const before = this.#told.get(user);
      const { claim_id } = reply.body;
      if (before !== undefined && before !== claim_id) this.#wrong.push(`${user}: won ${before} and ${claim_id}`);
      // Who was never asked before can win only what was not told to be gone.
      if (isFirst && sentAt > this.#soldOutAt) this.#wrong.push(`${user}: won after others were told sold_out`);
      this.#told.set(user, claim_id);
    } else if (reply.status === 409) {
      if (this.#asked.get(user) === 1) this.#wrong.push(`${user}: refused for the very claim that it asked for`);
      if (!this.#told.has(user)) this.#told.set(user, undefined);
    } else if (reply.status === 400) this.#soldOutAt = Math.min(this.#soldOutAt, performance.now());
    return answer;
  }

  /** Holds what was told against what is stored: user -> claim's id, and the counter of units left. */
  audit(stored: ReadonlyMap<string, string>, remaining: number): void {
    assert.deepEqual(this.#wrong, [], "answers that cannot be true");
    const lost = [...this.#told].filter(([user, claimId]) =>
      (stored.get(user) ?? "none") !== (claimId ?? stored.get(user))
    );
    assert.deepEqual(lost, [], "every answer of success is a row, and who was told already_claimed has one");
    assert.equal(stored.size + remaining, this.amount, "rows + remaining = amount");
    if (this.#soldOutAt < Infinity) assert.equal(remaining, 0, "sold_out was told, so all is sold");
  }
}

/** Holds a ledger against what a server reads from its database; returns how many claims are stored. */
export async function audit(url: Target, ledger: Ledger): Promise<number> {
  const { body } = await ask(url, "GET", `/api/coupons/${encodeURIComponent(ledger.coupon)}`);
  const stored = await claimsOf(url, ledger.coupon);
  ledger.audit(stored, body.remaining_amount!);
  return stored.size;
}

/** Counters against rows, over all coupons of a PostgreSQL: how many do not agree. */
export async function wrongCounters(databaseUrl: string): Promise<number> {
  const database = await openTestPostgres(databaseUrl);
  try {
    const [row] = await database.views.query(`select count(*)::integer from coupons c
      where c.amount - c.remaining <> (select count(*) from claims k where k.coupon_id = c.id)`);
    return row![0] as number;
  } finally {
    await database.close();
  }
}
