/** How does wrk run a script against a server until the script says that all is answered? */
import { Child } from "./processes.ts";

/** What wrk is to do. */
export interface Shooting {
  readonly port: number;
  /** Of the URL that it is given. */
  readonly path: string;
  /** A file of `bench/wrk`. */
  readonly script: string;
  readonly connections: number;
  readonly threads: number;
  /** How long it may take at most. */
  readonly seconds: number;
  /** What the script reads. */
  readonly env: Readonly<Record<string, string>>;
}

/** Runs wrk; returns the one JSON object that the script printed. @throws Error where wrk failed */
export async function shoot<Printed>(wanted: Shooting): Promise<Printed> {
  const { port, path, script, connections, threads, seconds, env } = wanted;
  let heard = "";
  const wrk = new Child("wrk", {
    args: [
      ...[`-t${threads}`, `-c${connections}`, `-d${seconds}s`, "--timeout", `${seconds}s`],
      ...["-s", new URL(`wrk/${script}`, import.meta.url).pathname, `http://127.0.0.1:${port}${path}`],
    ],
    env,
  }, (text) => {
    heard += text;
    // By this signal wrk ends its measurement early and tells it.
    if (heard.split("drained\n").length - 1 === threads) wrk.signal("SIGINT");
  });
  const code = await wrk.ended();
  const line = heard.split("\n").find((line) => line.startsWith("{"));
  if (code !== 0 || line === undefined) throw new Error(`Cannot load port ${port}: code ${code}: ${wrk.said}`);
  return JSON.parse(line);
}
