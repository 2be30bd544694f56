/** How long do a million codes take, and what do those who claim feel of it? */
import type { Lab } from "../lab.ts";
import type { Measured } from "../load.ts";
import type { Server } from "../processes.ts";
import { CONNECTIONS, type Experiment } from "../rows.ts";
import { withServer } from "./overload.ts";

const COUNT = 1_000_000;
const PATTERN = "BULK-####-????-??";
/** Times in a round that claims are measured beside a job, and without one after it. */
const PAIRS = 2;
const WARM_SECONDS = 1;
const LOOK_MS = 250;
const TITLE = "bulk job of 1,000,000 codes";

interface Job {
  readonly id: number;
  readonly state: string;
  readonly made: number;
  readonly seconds: number;
}

async function ask(port: number, method: string, path: string, body?: unknown): Promise<Job> {
  const content = body === undefined
    ? {}
    : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, ...content });
  if (!response.ok) throw new Error(`Cannot measure a bulk job: ${response.status} ${await response.text()}`);
  return await response.json();
}

/** Starts a job; returns once it makes coupons. */
async function begin(port: number): Promise<Job> {
  const { id } = await ask(port, "POST", "/api/coupons/bulk", { count: COUNT, pattern: PATTERN });
  return await waitFor(port, id, ({ made }) => made > 0);
}

async function waitFor(port: number, id: number, condition: (job: Job) => boolean): Promise<Job> {
  for (;;) {
    const job = await ask(port, "GET", `/api/bulk/${id}`);
    if (condition(job)) return job;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Claims beside a job, and how many codes are made in a second meanwhile. */
async function besideJob(port: number, load: () => Promise<Measured>): Promise<{ beside: Measured; codes: number }> {
  const before = await begin(port);
  const beside = await load();
  const after = await ask(port, "GET", `/api/bulk/${before.id}`);
  await ask(port, "DELETE", `/api/bulk/${before.id}`);
  return { beside, codes: (after.made - before.made) / (after.seconds - before.seconds) };
}

/** Claims alone, beside a job, alone, beside another, alone: so that what drifts with time falls on both alike. */
async function measurePairs(lab: Lab, server: Server, round: number, seconds: number): Promise<void> {
  const { book } = lab;
  const database = await lab.database("bulk");
  const load = (duration = seconds) =>
    lab.load(TITLE, server, { name: "HOT", spread: 1, connections: CONNECTIONS, seconds: duration }, database);
  await load(WARM_SECONDS);
  let before = await load();
  for (let pair = 0; pair < PAIRS; pair++) {
    const { beside, codes } = await besideJob(server.port, load);
    const after = await load();
    book.row("bulk_without", "one hot coupon, no bulk job beside it", round, after);
    book.row("bulk_with", "**one hot coupon, beside a bulk job**", round, beside);
    book.figure(
      "one hot coupon beside a bulk job, to before and after it",
      "",
      2 * beside.rate / (before.rate + after.rate),
    );
    book.figure(`${TITLE}: codes made beside those claims`, "a second", codes);
    before = after;
  }
}

/** A job that makes many coupons. */
export const BULK: Experiment = {
  name: "bulk",
  title: TITLE,
  prepare: (lab) => lab.database("bulk"),
  async measure(lab, { round, seconds }) {
    await withServer(await lab.database("bulk"), async (server) => {
      await measurePairs(lab, server, round, seconds);
      const { id } = await ask(server.port, "POST", "/api/coupons/bulk", { count: COUNT, pattern: PATTERN });
      const job = await waitFor(server.port, id, ({ state }) => state !== "running");
      if (job.state !== "done" || job.made !== COUNT) lab.book.notes.push(`bulk: ended as ${JSON.stringify(job)}`);
      lab.book.figure(`${TITLE}: time of it alone`, "s", job.seconds);
    });
  },
};
