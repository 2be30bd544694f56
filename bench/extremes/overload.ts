/** What do ten times as many connections do to it, and what does a mailbox that is too small? */
import type { Lab } from "../lab.ts";
import type { Database } from "../database.ts";
import { type Load, load } from "../load.ts";
import { memoryOf, type Server, startDoorbuster } from "../processes.ts";
import { CONNECTIONS, type Experiment, type Round } from "../rows.ts";

const CROWD = 2_560;
const MIB = 1_048_576;
const PAUSE_MS = 1_000;
const WARM_SECONDS = 1;

/** Runs a Doorbuster of its own for the time of `body`. */
export async function withServer<T>(
  { url }: Database,
  body: (server: Server) => Promise<T>,
  env: Record<string, string> = {},
  preload?: string,
): Promise<T> {
  const server = await startDoorbuster(url, env, preload);
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

async function measureCrowd(lab: Lab, { round, seconds }: Round): Promise<void> {
  const { book } = lab;
  const database = await lab.database("ours");
  await withServer(database, async (server) => {
    const load = (title: string, connections: number, duration = seconds) =>
      lab.load(title, server, { name: "CROWD", spread: 1, connections, seconds: duration }, database);
    await load("before overload: warming up", CONNECTIONS, WARM_SECONDS);
    const usual = await load("before overload", CONNECTIONS);
    const { now: before } = await memoryOf(server.pid);
    const crowd = await load("overload", CROWD);
    const { most } = await memoryOf(server.pid);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const again = await load("after overload", CONNECTIONS);
    book.row("overload", "overload: one hot coupon, 2,560 connections", round, crowd);
    book.figure("overload: accepted at 2,560 connections, to 256", "", crowd.acceptedRate / usual.acceptedRate);
    book.figure("overload: the server's memory at most", "MiB", most / MIB);
    book.figure("overload: the server's memory at most, to that at 256", "", most / before);
    book.figure("overload: rate at 256 a second later, to before", "", again.rate / usual.rate);
  });
}

async function measureSmallMailbox(lab: Lab, { round, seconds }: Round): Promise<void> {
  const database = await lab.database("ours");
  await withServer(database, async (server) => {
    const title = "the same with MAILBOX_MAX=64 (refused: 503)";
    const wanted = { name: "SMALL", spread: 1, connections: CROWD };
    const warm = { ...wanted, connections: CONNECTIONS, seconds: WARM_SECONDS };
    await lab.load("small mailbox: warming up", server, warm, database);
    const crowd = await lab.load(title, server, { ...wanted, seconds }, database);
    lab.book.row("small_mailbox", title, round, crowd);
    lab.book.figure("overload with MAILBOX_MAX=64: refused, of all answers", "%", 100 * crowd.refused / crowd.answered);
  }, { MAILBOX_MAX: "64" });
}

/** How long the server itself takes over a refusal. Apart from the rates, which the probe costs. */
async function measureRefusals(lab: Lab, { seconds }: Round): Promise<void> {
  const wanted: Load = { name: "SMALL", spread: 1, connections: CROWD, seconds };
  const server = await withServer(
    await lab.database("ours"),
    async (server) => {
      // Not audited: what is accepted beside the refusals is another measurement's.
      await load(server.port, wanted);
      return server;
    },
    { MAILBOX_MAX: "64" },
    "bench/servers/probe.ts",
  );
  const told = /refusals (\{.*\})/.exec(server.said)?.[1];
  if (told === undefined) throw new Error(`The probe told nothing; the server said: ${server.said}`);
  const { p99Ms, mostMs } = JSON.parse(told);
  lab.book.figure("overload with MAILBOX_MAX=64: a refusal leaves after it was read, p99 (wanted: 50)", "ms", p99Ms);
  lab.book.figure("overload with MAILBOX_MAX=64: a refusal leaves after it was read, at most", "ms", mostMs);
}

/** Many more connections than usual. */
export const OVERLOAD: Experiment = {
  name: "overload",
  title: "overload",
  prepare: (lab) => lab.database("ours"),
  async measure(lab, when) {
    await measureCrowd(lab, when);
    await measureSmallMailbox(lab, when);
    await measureRefusals(lab, when);
  },
};
