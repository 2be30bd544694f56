/**
 * How does a whole cluster run on one machine? `deno task cluster`: a PostgreSQL and a Redis of its own, the gateway, and
 * nodes whose public ports follow each other. Settings in the environment are the nodes'. Ctrl-C ends all, the nodes first.
 */
import { plainCommand, runCommand } from "../src/cli/plain_command.ts";
import { shownLine } from "./log_lines.ts";
import { startGateway } from "./redis_gateway.ts";
import { SERVE_ARGS, SERVE_ENV } from "./serve_args.ts";
import { endWithMe, ensurePrograms, startPostgres, startRedis } from "./services.ts";
import { TextLineStream } from "./text_lines.ts";

const ROOT = new URL("..", import.meta.url).pathname;
const NODES_MAX = 16;
/** The peers' ports follow the public ones at this distance. */
const PEER_STEP = 1_000;
const PORT_MAX = 65_535 - PEER_STEP - NODES_MAX;
const COLOURS = [36, 33, 32, 35, 34, 31];
const READY_EVERY_MS = 100;

/** A node's process. */
interface NodeProcess {
  readonly id: string;
  readonly url: string;
  readonly pid: number;
  /** Resolves once it has ended and all that it said was shown; to whether it died. */
  readonly ended: Promise<boolean>;
  readonly stop: () => Promise<void>;
  readonly isRunning: () => boolean;
}

/** Prints each line of a node's log behind its name, in its colour where that is a terminal. */
async function relay(stream: ReadableStream<Uint8Array<ArrayBuffer>>, id: string, colour: number): Promise<void> {
  const terminal = Deno.stdout.isTerminal();
  const prefix = terminal ? `\x1b[${colour}m${id}\x1b[0m ` : `${id} `;
  for await (const line of stream.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    console.log(prefix + (terminal ? shownLine(line) : line));
  }
}

/** Starts a node's process; it ends with this one, and its death is told. */
function spawnNode(place: number, port: number, common: Readonly<Record<string, string>>): NodeProcess {
  const id = `node${place + 1}`;
  const own = { NODE_ID: id, PORT: String(port), CLUSTER_PORT: String(port + PEER_STEP) };
  const child = new Deno.Command(Deno.execPath(), {
    args: [...SERVE_ARGS],
    cwd: ROOT,
    env: { ...SERVE_ENV, ...common, ...own },
    stdin: "null",
    stdout: "null", // what to try is said once, for all nodes
    stderr: "piped",
  }).spawn();
  const relayed = relay(child.stderr, id, COLOURS[place % COLOURS.length]!);
  let running = true;
  let stopping = false;
  const ended = child.status.then(async ({ code, signal }) => {
    running = false;
    await relayed;
    const died = !stopping && code !== 0;
    if (died) console.log(`${id} died (pid ${child.pid}): ${signal ?? `exit code ${code}`}`);
    return died;
  });
  const stop = async () => {
    stopping = true;
    if (running) child.kill("SIGTERM");
    await ended;
    forget();
  };
  const forget = endWithMe(stop);
  return { id, url: `http://127.0.0.1:${port}`, pid: child.pid, ended, stop, isRunning: () => running };
}

/** Waits until a node is ready. @returns whether it is; false where it died */
async function isReady(node: NodeProcess): Promise<boolean> {
  while (node.isRunning()) {
    const ready = await fetch(`${node.url}/readyz`).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (ready) return true;
    await new Promise((resolve) => setTimeout(resolve, READY_EVERY_MS));
  }
  return false;
}

/** What there is, and what to try. */
function blockOf(nodes: readonly NodeProcess[], databaseUrl: string, redisUrl: string): string {
  const [first, last] = [nodes[0]!, nodes.at(-1)!];
  const asAdmin = Deno.env.get("ADMIN_TOKEN") ? ` -H "authorization: Bearer $ADMIN_TOKEN"` : "";
  const json = "-H 'content-type: application/json'";
  return `
Doorbuster runs on ${nodes.length} node${nodes.length === 1 ? "" : "s"}; any of them answers any request.

${nodes.map(({ id, url, pid }) => `  ${id.padEnd(10)}  ${url}  (pid ${pid})`).join("\n")}
  PostgreSQL  ${databaseUrl}
  Redis       ${redisUrl}

Try:

  curl -X POST ${first.url}/api/coupons${asAdmin} ${json} -d '{"name":"FLASH","amount":5}'
  curl -X POST ${last.url}/api/coupons/claim${asAdmin} ${json} -d '{"user_id":"ann","coupon_name":"FLASH"}'
  curl ${first.url}/cluster${asAdmin}                     # the ring
  deno task stampede --url ${nodes.map(({ url }) => url).join(",")}
  kill -9 ${last.pid}                                      # then ask the others: nothing is lost
  DATABASE_URL=${databaseUrl} deno task audit

All requests: ${first.url}/docs. Ctrl-C ends everything.
`;
}

async function main(count: number, port: number): Promise<number> {
  await ensurePrograms();
  const postgres = await startPostgres();
  const redis = await startRedis();
  const token = crypto.randomUUID();
  const gateway = await startGateway({ redisUrl: redis.url, token });
  const databaseUrl = await postgres.createDatabase();
  const common = {
    DATABASE_URL: databaseUrl,
    UPSTASH_REDIS_REST_URL: gateway.url,
    UPSTASH_REDIS_REST_TOKEN: token,
    CLUSTER_SECRET: crypto.randomUUID(),
  };
  const nodes = Array.from({ length: count }, (_, place) => spawnNode(place, port + place, common));
  const ready = await Promise.all(nodes.map(isReady));
  if (ready.every(Boolean)) console.log(blockOf(nodes, databaseUrl, redis.url));
  else await Promise.all(nodes.map(({ stop }) => stop()));
  const died = await Promise.all(nodes.map(({ ended }) => ended));
  await gateway.stop();
  await redis.stop();
  await postgres.stop();
  return died.some(Boolean) ? 1 : 0;
}

function wholeNumber(option: string, text: string, max: number): number {
  const number = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (number >= 1 && number <= max) return number;
  throw new Error(`${option} ${text}: must be a whole number from 1 to ${max}`);
}

/** @returns the exit code */
async function run(args: readonly string[]): Promise<number> {
  let code = 1;
  const command = plainCommand("deno task cluster")
    .description("Runs nodes with their own PostgreSQL and Redis, on 127.0.0.1, until ctrl-C.")
    .option("--nodes <count>", `1 to ${NODES_MAX}`, "3")
    .option("--port <port>", "the first node's port; the others' ports follow it", "8080")
    .addHelpText(
      "after",
      `
Settings in the environment are the nodes', such as CHECKOUT_MODE=open.

Examples:
  deno task cluster
  deno task cluster --nodes 5 --port 9000`,
    )
    .action(async ({ nodes, port }: { nodes: string; port: string }) => {
      try {
        code = await main(wholeNumber("--nodes", nodes, NODES_MAX), wholeNumber("--port", port, PORT_MAX));
      } catch (error) {
        console.error(`Cannot run a cluster: ${(error as Error).message}`);
      }
    });
  return await runCommand(command, args) ?? code;
}

Deno.exit(await run(Deno.args));
