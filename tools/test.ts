/**
 * What is the whole test command? Servers of its own, every test, and one closing line that a machine can read. With
 * `--at +400d` or `--at 2028-02-29T12:00` all of them see another time; `TZ` of the environment is theirs too.
 */
import { rm } from "node:fs/promises";
import { offsetOf, shifted } from "./faketime.ts";
import { endWithMe, ensurePrograms, startPostgres, startRedis } from "./services.ts";

const HELP = `Usage: deno task test [--at <time>] [options of deno test] [paths]

Runs the tests, with a PostgreSQL and a Redis of their own.

  --at <time>   run at another time: +400d, or 2028-02-29T12:00 (UTC); needs Debian's faketime
  paths         folders or files; all of tests if there are none

Examples:
  deno task test tests/unit/http
  deno task test tests/integration/storage/journal_test.ts --filter deadlock
  TZ=Pacific/Apia deno task test --at 2028-02-29T12:00`;

const ROOT = new URL("..", import.meta.url).pathname;

/** Counts of one test run. */
interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Reads the counts from a JUnit report, case by case. */
function countCases(junit: string): Counts {
  const cases = junit.match(/<testcase\b[^>]*?(?:\/>|>.*?<\/testcase>)/gs) ?? [];
  const failed = cases.filter((each) => /<(failure|error)\b/.test(each)).length;
  const skipped = cases.filter((each) => /<skipped\b/.test(each)).length;
  return { passed: cases.length - failed - skipped, failed, skipped };
}

/** Test files of these folders run several at a time. Those of the others share servers and time, so they take turns. */
const TOGETHER = ["tests/unit", "tests/simulation"];
const ALONE = ["tests/integration", "tests/system"];

interface Result {
  readonly code: number;
  readonly counts: Counts;
}

/** Runs the tests that are asked for, or all. */
async function runTests(args: string[], env: Record<string, string>): Promise<Result> {
  if (args.some(isPath)) return await runFiles(args, env);
  const together = await runFiles([...TOGETHER, "--parallel", ...args], env);
  const alone = await runFiles([...ALONE, ...args], env);
  const sum = (count: keyof Counts) => together.counts[count] + alone.counts[count];
  return {
    code: together.code || alone.code,
    counts: { passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") },
  };
}

async function runFiles(args: string[], env: Record<string, string>): Promise<Result> {
  const scratch = await Deno.makeTempDir({ prefix: "doorbuster-test-" });
  const junit = `${scratch}/junit.xml`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["test", "--allow-all", `--junit-path=${junit}`, ...args],
    cwd: ROOT,
    env: { ...env, TEST_SCRATCH: scratch },
    stdin: "null",
  }).spawn();
  const forget = endWithMe(async () => {
    child.kill("SIGTERM");
    await child.status;
    await rm(scratch, { recursive: true, force: true });
  });
  try {
    const { code } = await child.status;
    return { code, counts: countCases(await Deno.readTextFile(junit)) };
  } finally {
    forget();
    await rm(scratch, { recursive: true, force: true });
  }
}

function isPath(arg: string): boolean {
  try {
    return !arg.startsWith("-") && Deno.statSync(new URL(arg, `file://${ROOT}`)) !== null;
  } catch {
    return false;
  }
}

/** Runs this command again, with servers and tests, at another time; returns its code. */
async function runAt(at: string, args: string[]): Promise<number> {
  offsetOf(at, Date.now()); // refused before anything is done
  await ensurePrograms(["faketime"]);
  const run = async (program: string, ...args: string[]) => {
    const child = new Deno.Command(program, { args, cwd: ROOT, stdin: "null" }).spawn();
    const forget = endWithMe(async () => {
      child.kill("SIGTERM");
      await child.status;
    });
    return (await child.status.finally(forget)).code;
  };
  // Types are checked before, so that the tests begin close to that time.
  await run(Deno.execPath(), "test", "--quiet", "--no-run", ...args.some(isPath) ? [] : ["tests"], ...args);
  const command = [Deno.execPath(), "run", "--allow-all", "tools/test.ts", ...args];
  const [program, ...all] = shifted(command, offsetOf(at, Date.now()));
  closing = undefined; // that run says it
  return await run(program!, ...all);
}

async function runHere(args: string[]): Promise<number> {
  await ensurePrograms(["pgbouncer", "openssl", "haproxy"]);
  const postgres = await startPostgres();
  try {
    const redis = await startRedis();
    try {
      const { code, counts } = await runTests(args, { TEST_DATABASE_URL: postgres.url, TEST_REDIS_URL: redis.url });
      const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
      closing = `${counts.passed} passed, ${counts.failed} failed${skipped}`;
      return code === 0 && counts.passed + counts.failed === 0 ? 1 : code;
    } finally {
      await redis.stop();
    }
  } finally {
    await postgres.stop();
  }
}

async function main(args: string[]): Promise<number> {
  const place = args.indexOf("--at");
  return place < 0 ? await runHere(args) : await runAt(args[place + 1] ?? "", args.toSpliced(place, 2));
}

if (Deno.args.some((arg) => arg === "--help" || arg === "-h")) {
  console.log(HELP);
  Deno.exit(0);
}

let closing: string | undefined = "0 passed, 0 failed";
let code = 1;
try {
  code = await main(Deno.args);
} catch (error) {
  console.error(`Cannot run the tests: ${(error as Error).message}`);
}
if (closing !== undefined) console.log(closing);
Deno.exit(code);
