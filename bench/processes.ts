/** Which servers are measured? Each a process of its own on 127.0.0.1. */
import { endWithMe } from "../tools/services.ts";

/** A server under measurement. */
export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

const ROOT = new URL("..", import.meta.url).pathname;
const ALLOW = ["--frozen", "--allow-net", "--allow-env", "--allow-sys", "--allow-read", "--allow-write"];

async function start(args: string[], env: Record<string, string>, says: RegExp): Promise<Server> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", ...ALLOW, ...args],
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    forget();
    try {
      child.kill("SIGINT");
    } catch {
      // It ended by itself.
    }
    await child.status;
    await drained;
  };
  const forget = endWithMe(stop);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const drained = (async () => {
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text = (text + chunk).slice(-10_000);
      const port = says.exec(text)?.[1];
      if (port !== undefined) resolve(Number(port));
    }
    reject(new Error(`Cannot start ${args.join(" ")}: it said ${text}`));
  })();
  return { port: await promise, pid: child.pid, stop };
}

/** Starts Doorbuster on a database. */
export function startDoorbuster(databaseUrl: string, env: Record<string, string> = {}): Promise<Server> {
  return start(["src/main.ts"], { PORT: "0", DATABASE_URL: databaseUrl, ...env }, /listens on http:\/\/[^:]+:(\d+)/);
}

/** Starts a server of `bench/servers`. */
export function startRival(name: string, url: string): Promise<Server> {
  return start([`bench/servers/${name}.ts`, "0", url], {}, /listening (\d+)/);
}

/** A process's memory, in bytes. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024;
}
