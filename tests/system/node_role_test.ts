/** Do nodes serve under the role that the deployment gives them, on a new volume and on one from before? */
import assert from "node:assert/strict";
import { programPath } from "../../tools/services.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, claim, createCoupon, startNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";

const SCRIPT = new URL("../../deploy/node_role.sql", import.meta.url).pathname;
const ROLE = "doorbuster_node";
const PASSWORD = 'it\'s "a" :password \\';

/** Runs the script as the image does, as the superuser. */
async function giveRole(databaseUrl: string, env: Record<string, string> = { DATABASE_PASSWORD: PASSWORD }) {
  const { code, stdout, stderr } = await new Deno.Command(programPath("psql"), {
    args: ["-v", "ON_ERROR_STOP=1", "--no-password", "--no-psqlrc", "-f", SCRIPT, databaseUrl],
    clearEnv: true,
    env,
    stdin: "null",
  }).output();
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

function asRole(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.username = ROLE;
  url.password = encodeURIComponent(PASSWORD);
  return url.href;
}

async function assertServes(databaseUrl: string, coupon: string): Promise<void> {
  const node = await startNode({ databaseUrl, env: { ITEMS_PER_SALE: "5", DRAIN: "0ms" } });
  try {
    await createCoupon(node.url, coupon, 3);
    assert.equal((await claim(node.url, "ann", coupon)).status, 200, node.lastLines());
    const job = await ask(node.url, "POST", "/api/coupons/bulk", { count: 3, unguessable: true });
    assert.equal(job.status, 202);
    assert.equal(
      (await ask(node.url, "POST", "/users", { ID: coupon, segment: "s", expiredSegment: 4e9 })).status,
      201,
    );
    assert.equal((await ask(node.url, "GET", "/api/coupons?search=a")).status, 200);
    assert.equal(await node.stop(), 0);
    assert.doesNotMatch(node.said(), /"level":"(WARN|ERROR)","message":"(?!Callers)/, node.said());
  } finally {
    await node.kill();
  }
}

/** What a superuser may do, and the nodes may not. */
const FORBIDDEN = [
  "copy (select 1) to program 'true'",
  "select pg_read_file('/etc/passwd')",
  "select rolpassword from pg_authid",
  "create role another superuser",
  "create database another",
  "alter system set fsync = off",
  "set session_replication_role = replica",
  "create extension dblink",
];

async function assertBounded(databaseUrl: string): Promise<void> {
  const database = await openTestPostgres(asRole(databaseUrl));
  try {
    for (const text of FORBIDDEN) {
      await assert.rejects(database.views.query(text), { sqlstate: "42501" }, text);
    }
    const owners = await database.views.query(
      `select distinct pg_get_userbyid(relowner) from pg_class where relnamespace = 'public'::regnamespace
         and relkind in ('r', 'p', 'S') union
       select pg_get_userbyid(proowner) from pg_proc p where pronamespace = 'public'::regnamespace and not exists (
         select from pg_depend where classid = 'pg_proc'::regclass and objid = p.oid and deptype = 'e') union
       select pg_get_userbyid(datdba) from pg_database where datname = current_database()`,
    );
    assert.deepEqual(owners, [[ROLE]]);
  } finally {
    await database.close();
  }
}

Deno.test("nodes serve under their own role on a new volume, and it is bounded", async () => {
  const databaseUrl = await freshDatabase();
  const { code, said } = await giveRole(databaseUrl);
  assert.equal(code, 0, said);
  await assertServes(asRole(databaseUrl), "new");
  await assertBounded(databaseUrl);
});

Deno.test("nodes serve under their own role on a volume from before, with all that is in it, and the script may run again", async () => {
  const databaseUrl = await freshDatabase();
  await assertServes(databaseUrl, "before");
  for (let time = 0; time < 2; time++) {
    const { code, said } = await giveRole(databaseUrl);
    assert.equal(code, 0, said);
  }
  await assertServes(asRole(databaseUrl), "after");
  await assertBounded(databaseUrl);
  const node = await startNode({ databaseUrl: asRole(databaseUrl) });
  try {
    assert.equal((await ask(node.url, "GET", "/api/coupons/before")).body["remaining_amount"], 2);
    assert.equal((await claim(node.url, "bob", "before")).status, 200);
  } finally {
    await node.stop();
  }
});

Deno.test("the script changes nothing where it is given no password", async () => {
  const databaseUrl = await freshDatabase();
  assert.equal((await giveRole(databaseUrl, {})).code, 3);
  const database = await openTestPostgres(databaseUrl);
  try {
    const [row] = await database.views.query(
      "select pg_get_userbyid(datdba) from pg_database where datname = current_database()",
    );
    assert.notEqual(row![0], ROLE);
  } finally {
    await database.close();
  }
});
