/**
 * Which files does a claim enter? `deno run -A tools/claim_path.ts` claims a coupon at a node of its own while V8 counts the
 * functions that are called, and prints the files of `src` that a claim enters every time, with how many functions of each.
 */
import { until } from "../tests/support/until.ts";
import { freePort, startPostgres } from "./services.ts";
import { SERVE_ARGS, SERVE_ENV } from "./serve_args.ts";

const ROOT = new URL("..", import.meta.url);
const SRC = new URL("src/", ROOT).href;
/** Claims before the first that is counted, so that everything that happens once has happened. */
const WARM_UP = 50;
/** Claims that are counted: what works beside them is not entered by each. */
const COUNTED = 20;

interface ScriptCoverage {
  readonly url: string;
  readonly functions: readonly {
    readonly functionName: string;
    readonly ranges: readonly { readonly count: number }[];
  }[];
}

/** A debugger's connection to V8, by the Chrome DevTools Protocol. */
class Inspector {
  #sent = 0;
  readonly #open = new Map<number, (result: unknown) => void>();

  private constructor(readonly socket: WebSocket) {
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data);
      this.#open.get(id)?.(result);
      this.#open.delete(id);
    };
  }

  static async connect(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    return new Inspector(socket);
  }

  call<T>(method: string, params: Record<string, unknown> = {}): Promise<T> {
    const id = ++this.#sent;
    this.socket.send(JSON.stringify({ id, method, params }));
    return new Promise((resolve) => this.#open.set(id, (result) => resolve(result as T)));
  }
}

/** Functions that were called since the last time, by file of `src`. */
async function called(inspector: Inspector): Promise<Map<string, Set<string>>> {
  const { result } = await inspector.call<{ result: ScriptCoverage[] }>("Profiler.takePreciseCoverage");
  const files = new Map<string, Set<string>>();
  for (const { url, functions } of result) {
    const names = functions.filter(({ ranges }) => ranges[0]!.count > 0).map(({ functionName }) => functionName);
    if (url.startsWith(SRC) && names.length > 0) files.set(url.slice(SRC.length), new Set(names));
  }
  return files;
}

async function measure(url: string, inspector: Inspector): Promise<Map<string, number>> {
  const post = async (path: string, body: unknown) => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(url + path, { method: "POST", headers, body: JSON.stringify(body) });
    await response.text();
    if (!response.ok) throw new Error(`Cannot claim: ${path} was answered ${response.status}`);
  };
  let claims = 0;
  const claim = () => post("/api/coupons/claim", { user_id: `user_${claims++}`, coupon_name: "PATH" });
  await post("/api/coupons", { name: "PATH", amount: 1_000 });
  for (let count = 0; count < WARM_UP; count++) await claim();
  await inspector.call("Profiler.enable");
  await inspector.call("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  const all: Map<string, Set<string>>[] = [];
  for (let count = 0; count < COUNTED; count++) {
    await called(inspector);
    await claim();
    all.push(await called(inspector));
  }
  const files = [...all[0]!.keys()].filter((file) => all.every((one) => one.has(file))).toSorted();
  return new Map(files.map((file) => [file, Math.min(...all.map((one) => one.get(file)!.size))]));
}

const postgres = await startPostgres();
const [httpPort, inspectorPort] = [freePort(), freePort()];
const url = `http://127.0.0.1:${httpPort}`;
const node = new Deno.Command(Deno.execPath(), {
  args: [...SERVE_ARGS.slice(0, -1), `--inspect=127.0.0.1:${inspectorPort}`, SERVE_ARGS.at(-1)!],
  cwd: ROOT.pathname,
  env: { ...SERVE_ENV, PORT: String(httpPort), DATABASE_URL: await postgres.createDatabase() },
  stdin: "null",
  stdout: "null",
  stderr: "null",
}).spawn();
try {
  await until(async () => (await fetch(`${url}/readyz`)).ok, { what: "a node that is ready" });
  const [{ webSocketDebuggerUrl }] = await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json();
  const inspector = await Inspector.connect(webSocketDebuggerUrl);
  const files = await measure(url, inspector);
  inspector.socket.close();
  for (const [file, functions] of files) console.log(`${String(functions).padStart(4)}  src/${file}`);
  console.log(`${files.size} files of src`);
} finally {
  node.kill("SIGKILL");
  await node.status;
  await postgres.stop();
}
