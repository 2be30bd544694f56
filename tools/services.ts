/** Where do tests and benchmarks get real servers? From here: in temporary folders, on free ports, gone at the end. */
import { existsSync } from "node:fs";
import pg from "pg";
import { until } from "../tests/support/until.ts";

const START_MS = 60_000;
const STOP_MS = 30_000;
/** A killed PostgreSQL leaves a lock that is refused until its last process is gone. */
const STALE_LOCK_MS = 10_000;
/** What the processes of a killed PostgreSQL may take to see it and end by themselves. */
const ORPHANS_MS = 2_000;
const VERSIONS_FOLDER = "/usr/lib/postgresql";
/** Debian's package of a program, where the names differ. */
const PACKAGES: Readonly<Record<string, string>> = { postgres: "postgresql", initdb: "postgresql" };
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "256MB",
  max_wal_size: "2GB",
};

/** A running Redis that keeps nothing. */
export interface Redis {
  readonly url: string;
  readonly port: number;
  /** Ends it and deletes its folder. */
  stop(): Promise<void>;
}

const ends = new Set<() => Promise<void>>();
const LISTENERS = [["SIGINT", () => void endAll(130)], ["SIGTERM", () => void endAll(143)]] as const;
let ending = false;

/** Has something ended when SIGINT or SIGTERM ends this process, the newest first; returns how to forget it. */
export function endWithMe(stop: () => Promise<void>): () => void {
  if (ends.size === 0) LISTENERS.forEach(([signal, listener]) => Deno.addSignalListener(signal, listener));
  ends.add(stop);
  return () => {
    if (!ends.delete(stop) || ends.size > 0) return;
    LISTENERS.forEach(([signal, listener]) => Deno.removeSignalListener(signal, listener));
  };
}

async function endAll(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  for (const stop of [...ends].reverse()) await stop().catch((error) => console.error(error));
  Deno.exit(code);
}

/** Runs a program to its end; returns what it said. @throws Error with what it said where it fails */
export async function run(program: string, args: string[], options: Deno.CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(program, { ...options, args, stdin: "null" }).output();
  const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
  if (code === 0) return said!;
  throw new Error(`Cannot run ${program} ${args.join(" ")}: code ${code}: ${complaint || said}`);
}

/** The path of a program: in PATH, else PostgreSQL's of the highest version; undefined where there is none. */
function pathOf(program: string): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  folders.push("/usr/sbin"); // of servers; seldom in the PATH of who is not root
  if (existsSync(VERSIONS_FOLDER)) {
    const versions = [...Deno.readDirSync(VERSIONS_FOLDER)].map(({ name }) => name);
    versions.sort((a, b) => Number(b) - Number(a));
    folders.push(...versions.map((version) => `${VERSIONS_FOLDER}/${version}/bin`));
  }
  return folders.map((folder) => `${folder}/${program}`).find((path) => existsSync(path));
}

/** The path of a program. @throws Error where it is not installed */
export function programPath(program: string): string {
  const path = pathOf(program);
  if (path === undefined) throw new Error(`Cannot start ${program} as it is not installed: see ensurePrograms()`);
  return path;
}

/**
 * Sees to it that PostgreSQL, Redis and further programs are there; root on Debian gets what is missing installed.
 *
 * @throws Error that says what to install, where it cannot do so itself
 */
export async function ensurePrograms(further: string[] = []): Promise<void> {
  const missing = ["postgres", "initdb", "redis-server", ...further].filter((it) => pathOf(it) === undefined);
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((program) => PACKAGES[program] ?? program))];
  if (Deno.uid() !== 0 || pathOf("apt-get") === undefined) {
    throw new Error(
      `Cannot start servers as programs are missing: ${missing.join(", ")}; install ${packages.join(", ")} ` +
        `(Debian: apt-get install ${packages.join(" ")})`,
    );
  }
  console.error(`Installing ${packages.join(", ")}`);
  if (packages.includes("postgresql")) {
    // The package would else create and start a server of its own.
    await Deno.mkdir("/etc/postgresql-common", { recursive: true });
    await Deno.writeTextFile("/etc/postgresql-common/createcluster.conf", "create_main_cluster = false\n");
  }
  const env = { DEBIAN_FRONTEND: "noninteractive", UCF_FORCE_CONFFOLD: "1" };
  await run("apt-get", ["update", "-qq"], { env });
  await run("apt-get", ["install", "-qq", "-y", "--no-install-recommends", ...packages], { env });
  missing.forEach(programPath);
}

/**
 * A free port of 127.0.0.1, below those of outgoing connections: a client that dials a server while it is down could
 * else be given that server's port for its own end, and hold it.
 */
export function freePort(): number {
  for (let tries = 1;; tries++) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || tries === 100) throw error;
    }
  }
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // It has ended meanwhile.
  }
}

/** A program that this process started; what it says is in a log. */
export class Server {
  readonly pid: number;
  readonly #ended: Promise<void>;
  hasEnded = false;

  constructor(command: string[], readonly log: string, options: Deno.CommandOptions) {
    // By `exec` the program takes over the shell's pid.
    const args = ["-c", 'exec "$@" >>"$0" 2>&1', log, ...command];
    const child = new Deno.Command("/bin/sh", { ...options, args, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    this.pid = child.pid;
    this.#ended = child.status.then(() => {
      this.hasEnded = true;
    });
  }

  /** Signals it and waits for its end; kills it where that takes too long. */
  async end(name: Deno.Signal): Promise<void> {
    if (!this.hasEnded) signal(this.pid, name);
    const timer = setTimeout(() => signal(this.pid, "SIGKILL"), STOP_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Waits until it answers, or has ended. */
  async ready(ask: () => Promise<unknown>, what: string): Promise<void> {
    await until(async () => this.hasEnded || await ask() !== false, { timeoutMs: START_MS, what, everyMs: 20 });
  }

  /** @throws Error with the end of the log where it has ended */
  mustRun(what: string): void {
    if (!this.hasEnded) return;
    const said = Deno.readTextFileSync(this.log).trim().split("\n").slice(-10).join("\n");
    throw new Error(`Cannot start ${what} as it ended at once; it said: ${said}`);
  }
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on("error", () => {}); // What matters is thrown by the query.
  await client.connect();
  await client.query(text).finally(() => client.end());
}

/** Creates an empty database with a new name on the server of a URL; returns the database's URL. */
export async function createDatabase(serverUrl: string, how = ""): Promise<string> {
  const name = `doorbuster_${crypto.randomUUID().replaceAll("-", "")}`;
  await query(serverUrl, `create database ${name} ${how} template template0`);
  const url = new URL(serverUrl);
  url.pathname = name;
  return url.href;
}

/** The processes of a PostgreSQL, by the cluster's name in their titles; a new one still has its parent's. */
function pidsOf(cluster: string): number[] {
  const isIts = (pid: string) => {
    try {
      const title = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
      return title.startsWith(`postgres: ${cluster}`) || title.includes(`cluster_name=${cluster}`);
    } catch {
      return false; // It has ended meanwhile.
    }
  };
  return [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((it) => /^\d+$/.test(it) && isIts(it)).map(
    Number,
  );
}

/** PostgreSQL refuses to run as root: whom to run it as instead; nothing where this process is not root's. */
export async function unprivileged(): Promise<{ uid?: number; gid?: number }> {
  if (Deno.uid() !== 0) return {};
  for (const user of ["postgres", "nobody"]) {
    const uid = await run("id", ["-u", user]).catch(() => undefined);
    if (uid !== undefined) return { uid: Number(uid), gid: Number(await run("id", ["-g", user])) };
  }
  throw new Error("Cannot run PostgreSQL as root, and there is no user postgres or nobody");
}

/** A PostgreSQL of the caller's own, with fsync on: what it acknowledged survives `kill()`. */
export class Postgres {
  readonly port = freePort();
  /** Of its maintenance database. */
  readonly url = `postgres://doorbuster@127.0.0.1:${this.port}/postgres`;
  readonly dataDir: string;
  readonly #folder: string;
  readonly #name: string;
  readonly #command: string[];
  readonly #options: Deno.CommandOptions;
  readonly #forget = endWithMe(() => this.stop());
  #server: Server | undefined;
  #isNew = true;
  #isStopped = false;

  /** For `startPostgres()`: a data folder made by initdb is in `folder`, and `options` say whom to run as. */
  constructor(folder: string, options: Deno.CommandOptions, settings: Readonly<Record<string, string>>) {
    this.#folder = folder;
    this.#name = folder.slice(folder.lastIndexOf("/") + 1);
    this.#options = options;
    this.dataDir = `${folder}/data`;
    // Each of its processes bears the cluster's name in its title.
    const all = { ...SETTINGS, ...settings, port: String(this.port), cluster_name: this.#name };
    const flags = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    this.#command = [programPath("postgres"), "-D", this.dataDir, ...flags];
  }

  /** The postmaster's; of the one that ran last, where none runs. */
  get pid(): number {
    return this.#server!.pid;
  }

  /** Creates an empty database; returns its URL. */
  createDatabase(): Promise<string> {
    return createDatabase(this.url);
  }

  /**
   * Starts it, or starts it again on the same folder and port; returns once it can be asked.
   *
   * @throws Error with the end of its log where it ends at once; after `kill()` only where it goes on doing so
   */
  async start(): Promise<void> {
    if (this.#server?.hasEnded === false) throw new Error(`Cannot start PostgreSQL as it runs: pid ${this.pid}`);
    const startedAt = performance.now();
    const mayRetry = () => !this.#isNew && !this.#isStopped && performance.now() - startedAt < STALE_LOCK_MS;
    do {
      this.#server = new Server(this.#command, `${this.#folder}/log`, this.#options);
      await this.#server.ready(() => query(this.url, "select 1"), "PostgreSQL to answer");
    } while (this.#server.hasEnded && mayRetry());
    this.#server.mustRun("PostgreSQL");
    this.#isNew = false;
  }

  /** Signals every one of its processes, as to freeze it. */
  signal(name: Deno.Signal): void {
    for (const pid of pidsOf(this.#name)) signal(pid, name);
  }

  /** Ends the postmaster by SIGKILL, as a crash does; returns once its other processes are gone too. */
  async kill(): Promise<void> {
    await this.#server?.end("SIGKILL");
    const orphans = { timeoutMs: ORPHANS_MS, what: "the end of PostgreSQL's processes" };
    await until(() => pidsOf(this.#name).length === 0, orphans).catch(() => {
      pidsOf(this.#name).forEach((pid) => signal(pid, "SIGKILL"));
    });
  }

  /** Ends it by a fast shutdown and deletes its folder. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#server?.end("SIGINT");
    await Deno.remove(this.#folder, { recursive: true }).catch(() => {}); // A second stop finds none.
    this.#forget();
  }
}

/** Starts a new PostgreSQL in a temporary folder; `settings` are those of postgresql.conf. */
export async function startPostgres(options: { settings?: Record<string, string> } = {}): Promise<Postgres> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-postgres-" });
  const owner = await unprivileged();
  await Deno.chown(folder, owner.uid ?? null, owner.gid ?? null);
  const runOptions = { ...owner, cwd: folder };
  const postgres = new Postgres(folder, runOptions, options.settings ?? {});
  try {
    const initdb = (locale: string) => {
      const flags = ["--auth", "trust", "--encoding", "UTF8", "--locale", locale, "--username", "doorbuster"];
      return run(programPath("initdb"), ["-D", postgres.dataDir, "--no-sync", ...flags], runOptions);
    };
    await initdb("C.UTF-8").catch(() => initdb("C"));
    await postgres.start();
    return postgres;
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** Starts a new Redis, with its log in a temporary folder; on the port of one that was stopped, where it is to be back. */
export async function startRedis(port: number = freePort()): Promise<Redis> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-redis-" });
  const flags = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder];
  // Under faketime it would hang in its allocator; it tells nobody the time.
  const options = { cwd: folder, env: { LD_PRELOAD: "" } };
  const server = new Server([programPath("redis-server"), ...flags], `${folder}/log`, options);
  const stop = async () => {
    await server.end("SIGTERM");
    await Deno.remove(folder, { recursive: true }).catch(() => {}); // A second stop finds none.
    forget();
  };
  const forget = endWithMe(stop);
  try {
    await server.ready(() => ping(port), "Redis to answer");
    server.mustRun("Redis");
    return { url: `redis://127.0.0.1:${port}`, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function ping(port: number): Promise<boolean> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("PING\r\n"));
  const answer = new Uint8Array(7);
  await connection.read(answer);
  return new TextDecoder().decode(answer).startsWith("+PONG");
}
