/**
 * How does the whole cluster run on one machine? `deno task cluster [--nodes 3] [--port 8080]`: a PostgreSQL and a Redis
 * of its own, the gateway, and nodes whose public ports follow each other from `port` on. Settings in the environment
 * are the nodes'. Ctrl-C ends all, the nodes first.
 */
import { parseArgs } from "node:util";
import { TextLineStream } from "./text_lines.ts";
import { startGateway } from "./redis_gateway.ts";
import { SERVE_ARGS, SERVE_ENV } from "./serve_args.ts";
import { endWithMe, ensurePrograms, startPostgres, startRedis } from "./services.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const NODES_MAX = 16;
/** The peers' ports follow the public ones at this distance. */
const PEER_STEP = 1_000;
const COLOURS = [36, 33, 32, 35, 34, 31];

interface Options {
  readonly nodes: number;
  readonly port: number;
}

/** @throws Error one line that names the wrong option and what is allowed */
function readOptions(args: string[]): Options {
  const { values } = parseArgs({ args, options: { nodes: { type: "string" }, port: { type: "string" } } });
  const whole = (name: "nodes" | "port", fallback: number, max: number) => {
    const value = values[name] ?? String(fallback);
    const number = /^\d{1,5}$/.test(value) ? Number(value) : NaN;
    if (number >= 1 && number <= max) return number;
    throw new Error(`--${name}=${value}: must be a whole number from 1 to ${max}`);
  };
  return { nodes: whole("nodes", 3, NODES_MAX), port: whole("port", 8080, 65_535 - PEER_STEP - NODES_MAX) };
}

/** Prints each line of a stream behind the node's name, in its colour where that is a terminal. */
async function relay(stream: ReadableStream<Uint8Array<ArrayBuffer>>, name: string, colour: number): Promise<void> {
  const prefix = Deno.stdout.isTerminal() ? `\x1b[${colour}m${name}\x1b[0m ` : `${name} `;
  for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    console.log(prefix + line);
  }
}

/** A node's process; ends with this one. */
function spawnNode(place: number, env: Record<string, string>): { ended: Promise<void>; stop: () => Promise<void> } {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...SERVE_ARGS],
    cwd: ROOT,
    env: { ...SERVE_ENV, ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const colour = COLOURS[place % COLOURS.length]!;
  const relayed = [child.stdout, child.stderr].map((stream) => relay(stream, env["NODE_ID"]!, colour));
  let hasEnded = false;
  const ended = Promise.all([child.status, ...relayed]).then(() => void (hasEnded = true));
  const stop = async () => {
    if (!hasEnded) child.kill("SIGTERM");
    await ended;
    forget();
  };
  const forget = endWithMe(stop);
  return { ended, stop };
}

async function main({ nodes, port }: Options): Promise<void> {
  await ensurePrograms();
  const postgres = await startPostgres();
  const redis = await startRedis();
  const token = crypto.randomUUID();
  const gateway = await startGateway({ redisUrl: redis.url, token });
  const common = {
    DATABASE_URL: await postgres.createDatabase(),
    UPSTASH_REDIS_REST_URL: gateway.url,
    UPSTASH_REDIS_REST_TOKEN: token,
    CLUSTER_SECRET: crypto.randomUUID(),
  };
  const running = Array.from({ length: nodes }, (_, place) => {
    const own = { NODE_ID: `node${place + 1}`, PORT: port + place, CLUSTER_PORT: port + place + PEER_STEP };
    return spawnNode(place, Object.fromEntries(Object.entries({ ...common, ...own }).map(([k, v]) => [k, String(v)])));
  });
  console.log(`${nodes} nodes from http://127.0.0.1:${port} on; ctrl-C ends them`);
  await Promise.all(running.map(({ ended }) => ended));
  await gateway.stop();
  await redis.stop();
  await postgres.stop();
}

try {
  await main(readOptions(Deno.args));
} catch (error) {
  console.error(`Cannot run a cluster: ${(error as Error).message}`);
  Deno.exit(1);
}
