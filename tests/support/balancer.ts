/** The balancer of the deployment on this machine: its own file, with other addresses. */
import { endWithMe, freePort, programPath } from "../../tools/services.ts";
import { projectFile } from "./image.ts";
import { until } from "./until.ts";

const FILE = "deploy/haproxy.cfg";

/** A running balancer. */
export interface Balancer {
  readonly url: string;
  stop(): Promise<void>;
}

/** The file's text, for servers and a port of this machine: what is Docker's own is left out. */
function configFor(port: number, servers: readonly string[]): string {
  const lines = projectFile(FILE).replace(/^resolvers docker\n(?: .*\n)+/m, "").split("\n");
  const kept = lines.filter((line) => !/^ {2}server /.test(line)).map((line) =>
    // A machine of tests may allow fewer files.
    line.replace(/^ {2}maxconn .*$/, "  maxconn 500").replace(/^ {2}bind :8080$/, `  bind 127.0.0.1:${port}`).replace(
      / resolvers docker .*$/,
      "",
    )
  );
  return [...kept, ...servers.map((url, place) => `  server node-${place + 1} ${new URL(url).host}`), ""].join("\n");
}

/**
 * Starts HAProxy with the deployment's file in front of servers, and waits until it sends to one.
 *
 * @throws Error with what it said where it does not start
 */
export async function startBalancer(servers: readonly string[]): Promise<Balancer> {
  const port = freePort();
  const url = `http://127.0.0.1:${port}`;
  const file = await Deno.makeTempFile({ prefix: "doorbuster-haproxy-", suffix: ".cfg" });
  await Deno.writeTextFile(file, configFor(port, servers));
  const child = new Deno.Command(programPath("haproxy"), {
    args: ["-db", "-f", file],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const said = new Response(child.stderr).text();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  const stop = async () => {
    forget();
    if (!hasEnded) child.kill("SIGKILL");
    await ended;
    await said;
    await Deno.remove(file);
  };
  const forget = endWithMe(stop);
  try {
    await until(async () => hasEnded || await isReady(url), { what: "the balancer to be ready" });
    if (hasEnded) throw new Error("it ended");
    return { url, stop };
  } catch (error) {
    await stop();
    throw new Error(`Cannot start the balancer: ${(error as Error).message}; it said: ${await said}`);
  }
}

async function isReady(url: string): Promise<boolean> {
  const response = await fetch(`${url}/readyz`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.status === 200;
}
