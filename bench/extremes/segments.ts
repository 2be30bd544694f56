/** How long do an import of 5,000,000 memberships in 300 segments and their counts take? */
import type { Lab } from "../lab.ts";
import type { Database } from "../database.ts";
import { Child, type Server } from "../processes.ts";
import type { Experiment, Round } from "../rows.ts";
import { withServer } from "./overload.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const MEMBERSHIPS = 5_000_000;
const USERS = 1_000_000;
const SEGMENTS = 300;
/** All but a few expire within so many seconds, each in one of its own. */
const EXPIRE_WITHIN_S = 30 * 24 * 3_600;
const CLIENTS = 16;
const LINES_AT_ONCE = 50_000;
const TITLE = "5,000,000 memberships in 300 segments";

/** Writes the memberships, each of another user and segment; those of a segment are far apart. */
async function writeFile(path: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const writer = file.writable.getWriter();
  const encoder = new TextEncoder();
  const nowS = Math.floor(Date.now() / 1_000);
  let text = "ID,segment,expiredSegment\n";
  for (let line = 0; line < MEMBERSHIPS; line++) {
    const segment = (Math.floor(line / USERS) * 61 + line * 7_919) % SEGMENTS;
    text += `user_${line % USERS},segment_${segment},${nowS + Math.floor(Math.random() * EXPIRE_WITHIN_S)}\n`;
    if (line % LINES_AT_ONCE > 0 && line < MEMBERSHIPS - 1) continue;
    await writer.write(encoder.encode(text));
    text = "";
  }
  await writer.close();
}

async function importAll({ url }: Database, path: string): Promise<number> {
  const permissions = ["--allow-net", "--allow-env", "--allow-sys", "--allow-read", "--allow-write"];
  const args = ["run", "--frozen", ...permissions, "src/main.ts", "import", path];
  const startedAt = performance.now();
  const child = new Child(Deno.execPath(), { args, cwd: ROOT, env: { DATABASE_URL: url } }, () => {});
  const code = await child.ended();
  if (code !== 0) throw new Error(`Cannot measure segments as the import ended with ${code}: ${child.said}`);
  return (performance.now() - startedAt) / 1_000;
}

async function count(port: number): Promise<{ ms: number; segments: number }> {
  const startedAt = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/segments/count`);
  const rows = await response.json();
  return { ms: performance.now() - startedAt, segments: rows.length };
}

function part(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** Counts again and again with so many clients; returns the sorted times. */
async function countFor(port: number, clients: number, seconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + seconds * 1_000;
  await Promise.all(Array.from({ length: clients }, async () => {
    while (performance.now() < end) {
      const { ms, segments } = await count(port);
      if (segments !== SEGMENTS) throw new Error(`Cannot measure segments as ${segments} were counted`);
      times.push(ms);
    }
  }));
  return times.sort((a, b) => a - b);
}

/** Stores memberships until told to stop; returns how many. */
async function putUntil(port: number, isOver: () => boolean): Promise<number> {
  let stored = 0;
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (!isOver()) {
      const [user, segment] = [USERS, SEGMENTS].map((below) => Math.floor(Math.random() * below));
      const expiredSegment = Math.floor(Date.now() / 1_000) + EXPIRE_WITHIN_S;
      const body = JSON.stringify({ ID: `user_${user}`, segment: `segment_${segment}`, expiredSegment });
      const init = { method: "POST", body, headers: { "content-type": "application/json" } };
      const response = await fetch(`http://127.0.0.1:${port}/users`, init);
      await response.body!.cancel();
      if (!response.ok) throw new Error(`Cannot measure segments as a user was answered ${response.status}`);
      stored++;
    }
  }));
  return stored;
}

/** Holds what a server counts against its rows: live ones, but for those that expire between the two looks. */
async function audit({ client }: Database, { port }: Server): Promise<void> {
  const response = await fetch(`http://127.0.0.1:${port}/segments/count`);
  const rows: { usersCount: number }[] = await response.json();
  const told = rows.reduce((sum, { usersCount }) => sum + usersCount, 0);
  const { rows: [live] } = await client.query(`select count(*) filter (where expires_at > now())::integer least,
    count(*) filter (where expires_at > now() - interval '5 seconds')::integer most from memberships`);
  if (told >= live.least && told <= live.most) return;
  throw new Error(`NOT EXACT: ${told} memberships were counted, and ${live.least} to ${live.most} are live`);
}

/** Once, in the first round: it would weigh on what is measured before. */
async function fill(lab: Lab, database: Database): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-" });
  try {
    console.error(`importing ${TITLE}`);
    await writeFile(`${folder}/users.csv`);
    const seconds = await importAll(database, `${folder}/users.csv`);
    lab.book.figure(`${TITLE}: their import`, "s", seconds);
    lab.book.figure(`${TITLE}: rate of their import`, "/s", MEMBERSHIPS / seconds);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function measure(lab: Lab, { round, seconds }: Round): Promise<void> {
  const database = await lab.database("segments");
  if (round === 0) await fill(lab, database);
  await withServer(database, async (server) => {
    const { port } = server;
    await countFor(port, CLIENTS, 1);
    const alone = await countFor(port, 1, seconds);
    const crowd = await countFor(port, CLIENTS, seconds);
    let isOver = false;
    const storing = putUntil(port, () => isOver);
    const beside = await countFor(port, 1, seconds).finally(() => isOver = true);
    const stored = await storing;
    for (const [what, times] of [["", alone], [", 16 at once", crowd], [", beside changes", beside]] as const) {
      lab.book.figure(`${TITLE}: counting them${what}, p50`, "ms", part(times, 0.5));
      lab.book.figure(`${TITLE}: counting them${what}, p99`, "ms", part(times, 0.99));
    }
    lab.book.figure(`${TITLE}: changes by ${CLIENTS} clients, one a request`, "/s", stored / seconds);
    await audit(database, server);
  });
}

/** Many memberships. */
export const SEGMENTS_COUNT: Experiment = {
  name: "segments",
  title: TITLE,
  prepare: (lab) => lab.database("segments"),
  measure,
};
