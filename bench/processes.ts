/** Which processes are measured, and which measure? Each is ended by its pid, in every case. */
import { SERVE_ARGS, SERVE_ENV } from "../tools/serve_args.ts";
import { endWithMe } from "../tools/services.ts";

const ROOT = new URL("..", import.meta.url).pathname;
/** Rivals and ceilings run as Doorbuster does. */
const RUN = SERVE_ARGS.slice(0, -1);
const START_MS = 60_000;
/** Longer than Doorbuster gives itself to stop. */
const STOP_MS = 15_000;
/** What is kept of what a process says, in characters. */
const SAID_MAX = 4_000;

/** A program that this process started. */
export class Child {
  readonly #child: Deno.ChildProcess;
  readonly #forget = endWithMe(() => this.stop());
  readonly #drained: Promise<unknown>;
  #hasEnded = false;
  /** The end of what it said on both of its streams. */
  said = "";

  /** @param hears is told each piece of its standard output */
  constructor(program: string, options: Deno.CommandOptions, readonly hears: (text: string) => void) {
    this.#child = new Deno.Command(program, { ...options, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
    this.#drained = Promise.all([this.#hear(this.#child.stdout, hears), this.#hear(this.#child.stderr, () => {})]);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Its exit code, once it has ended and all it said was heard. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    this.#hasEnded = true;
    await this.#drained;
    this.#forget();
    return code;
  }

  signal(name: Deno.Signal): void {
    if (this.#hasEnded) return;
    try {
      this.#child.kill(name);
    } catch {
      // It has ended meanwhile.
    }
  }

  /** Ends it; kills it where that takes too long. */
  async stop(): Promise<void> {
    this.signal("SIGINT");
    const timer = setTimeout(() => this.signal("SIGKILL"), STOP_MS);
    await this.ended();
    clearTimeout(timer);
  }

  async #hear(stream: ReadableStream<Uint8Array<ArrayBuffer>>, hears: (text: string) => void): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.said = (this.said + text).slice(-SAID_MAX);
      hears(text);
    }
  }
}

/** A server under measurement, on 127.0.0.1. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  /** The end of what it said. */
  readonly said: string;
  stop(): Promise<void>;
}

async function serve(args: string[], env: Record<string, string>, says: RegExp): Promise<Server> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let heard = "";
  const options = { args: [...RUN, ...args], cwd: ROOT, env: { ...SERVE_ENV, ...env } };
  const child = new Child(Deno.execPath(), options, (text) => {
    if (heard.length < SAID_MAX) heard += text;
    const port = says.exec(heard)?.[1];
    if (port !== undefined) resolve(Number(port));
  });
  const fail = (why: string) =>
    reject(new Error(`Cannot start ${args.join(" ")} as it ${why}; it said: ${child.said}`));
  child.ended().then(() => fail("ended at once"));
  const timer = setTimeout(() => fail(`was not ready after ${START_MS} ms`), START_MS);
  try {
    const port = await promise;
    return {
      port,
      pid: child.pid,
      get said() {
        return child.said;
      },
      stop: () => child.stop(),
    };
  } catch (error) {
    await child.stop();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Starts Doorbuster on a database, as behind a balancer: it keeps no time over heads, nor do the ceiling and the rivals.
 *
 * @throws Error with what it said where it does not start
 */
export function startDoorbuster(
  databaseUrl: string,
  env: Record<string, string> = {},
  preload?: string,
): Promise<Server> {
  const flags = preload === undefined ? [] : [`--preload=${preload}`];
  return serve(
    [...flags, "src/main.ts"],
    { PORT: "0", DATABASE_URL: databaseUrl, HEADER_TIMEOUT: "0s", ...env },
    /listens on http:\/\/[^:]+:(\d+)/,
  );
}

/** Starts a server of `bench/servers`. @throws Error with what it said where it does not start */
export function startRival(name: string, url: string): Promise<Server> {
  return serve([`bench/servers/${name}.ts`, "0", url], {}, /listening (\d+)/);
}

/** Makes Doorbuster's tables in a database, for rivals too. @throws Error with what it said */
export async function migrate(databaseUrl: string): Promise<void> {
  const args = [...SERVE_ARGS, "migrate"];
  const child = new Child(Deno.execPath(), { args, cwd: ROOT, env: { DATABASE_URL: databaseUrl } }, () => {});
  const code = await child.ended();
  if (code !== 0) throw new Error(`Cannot make the tables: code ${code}: ${child.said}`);
}

/** A process's memory, in bytes: now, and the most it ever had. */
export async function memoryOf(pid: number): Promise<{ now: number; most: number }> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const bytes = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1_024;
  return { now: bytes("VmRSS"), most: bytes("VmHWM") };
}
