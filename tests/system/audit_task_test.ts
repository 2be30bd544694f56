/** Does `deno task audit` say by its exit code what it saw, and leave everything as it was? */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { tell } from "../../src/cli/audit.ts";
import { withDataDir } from "../support/data_dir.ts";
import { freshDatabase } from "../support/database.ts";
import { ask, claim, createCoupon, startNode } from "../support/node.ts";
import { openTestPostgres } from "../support/storage.ts";
import { ADMIN_TOKEN, bearer, TOKEN_ENV } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

const EXACT = /^Exact: 1 coupon and (1 sale|2 sales)\.\n$/;

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function auditTask(env: Record<string, string>, options: readonly string[] = []): Promise<Said> {
  const args = ["task", "--quiet", "audit", ...options];
  const command = new Deno.Command(Deno.execPath(), { args, cwd: ROOT, env: { DATABASE_URL: "", ...env } });
  const { code, stdout, stderr } = await command.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

Deno.test("deno task audit ends with 0 beside a node that serves, and with 1 and the finding once a row is gone", async () => {
  const databaseUrl = await freshDatabase();
  const node = await startNode({ databaseUrl });
  const database = await openTestPostgres(databaseUrl);
  try {
    await createCoupon(node.url, "Promo", 5);
    for (const user of ["a", "b"]) await claim(node.url, user, "Promo");
    const exact = await auditTask({ DATABASE_URL: databaseUrl });
    assert.match(exact.out, EXACT, exact.err);
    assert.equal(exact.code, 0);
    await database.views.query("delete from claims where user_id = 'a'");
    const wrong = await auditTask({ DATABASE_URL: databaseUrl });
    assert.match(wrong.out, /^coupon Promo: remaining says 3 of 5, rows say 1 claims\nNot exact: 1 finding in /);
    assert.equal(wrong.code, 1);
    assert.equal((await ask(node.url, "GET", "/readyz")).status, 200);
  } finally {
    await database.close();
    await node.stop();
  }
});

Deno.test("deno task audit ends with 2 where it cannot look, and makes nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-none-" });
  try {
    const cases: [Record<string, string>, RegExp][] = [
      [{ DATA_DIR: `${folder}/data` }, /holds no database/],
      [{ DATABASE_URL: "postgres://doorbuster@127.0.0.1:1/none" }, /Cannot connect/],
      [{ DATABASE_URL: "nonsense" }, /DATABASE_URL=\*\*\*: must be/],
      [{ DATABASE_URL: await freshDatabase() }, /relation "sales" does not exist/],
    ];
    for (const [env, complaint] of cases) {
      const { code, out, err } = await auditTask(env);
      assert.match(err, complaint);
      assert.deepEqual([code, out], [2, ""]);
    }
    assert.equal(existsSync(`${folder}/data`), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("deno task audit has the node that uses the embedded database audit, and reads it once that has ended", async () => {
  await withDataDir(async (dataDir) => {
    const node = await startNode({ dataDir, env: TOKEN_ENV });
    const { port } = new URL(node.url);
    await fetch(`${node.url}/api/coupons`, {
      method: "POST",
      headers: { ...bearer(ADMIN_TOKEN), "content-type": "application/json" },
      body: `{"name":"Promo","amount":5}`,
    }).then((response) => response.body?.cancel());
    const beside = { DATA_DIR: dataDir, PORT: port };
    const asked = await auditTask({ ...beside, ADMIN_TOKEN });
    assert.match(asked.out, EXACT, asked.err);
    assert.equal(asked.code, 0);
    const named = await auditTask({ DATA_DIR: "/nowhere", ADMIN_TOKEN }, ["--url", node.url]);
    assert.match(named.out, EXACT, named.err);
    const stranger = await auditTask(beside);
    assert.match(stranger.err, /answers 401 unauthenticated: .*; set ADMIN_TOKEN to that node's\n$/);
    assert.equal(stranger.code, 2);
    const elsewhere = await auditTask({ ...beside, PORT: "1" });
    assert.match(elsewhere.err, /another process uses DATA_DIR=.*, and no node answers at http:\/\/127.0.0.1:1; name /);
    assert.equal(elsewhere.code, 2);
    await node.stop();
    const { code, out, err } = await auditTask({ DATA_DIR: dataDir });
    assert.match(out, EXACT, err);
    assert.equal(code, 0);
  });
});

Deno.test("tell() calls what was not audited neither exact nor wrong", () => {
  const report = { coupons: 3, sales: 1, findings: [], busy: ["coupon Big"] };
  const said: string[] = [];
  assert.equal(tell(report, (line) => said.push(line)), 2);
  assert.deepEqual(said, ["coupon Big: busy, not audited", "Not all audited: 1 busy, of 3 coupons and 1 sale."]);
  const findings = [{ object: "coupon A", counter: "seq", says: "1", rows: "a claim numbered 2" }];
  assert.equal(tell({ ...report, findings }, () => {}), 1);
});

Deno.test("a node tells what its audits find as errors in its log and in its metrics, and serves on", async () => {
  const databaseUrl = await freshDatabase();
  const node = await startNode({ databaseUrl, env: { AUDIT_EVERY: "100ms", ITEMS_PER_SALE: "10" } });
  const database = await openTestPostgres(databaseUrl);
  const shows = async (line: string) => (await (await fetch(`${node.url}/metrics`)).text()).includes(`\n${line}\n`);
  try {
    await createCoupon(node.url, "Promo", 5);
    assert(await shows("doorbuster_audit_findings 0"));
    await until(async () => !await shows("doorbuster_audits_total 0"), { what: "an audit" });
    await database.views.query("update coupons set remaining = 4");
    await until(() => shows("doorbuster_audit_findings 1"), { what: "the finding in the metrics" });
    assert.match(node.lastLines(), /Not exact: .*coupon Promo.*remaining.* says .*4 of 5.*rows say .*0 claims/);
    await database.views.query("update coupons set remaining = 5");
    await until(() => shows("doorbuster_audit_findings 0"), { what: "the next audit to be exact" });
    assert.equal((await ask(node.url, "GET", "/readyz")).status, 200);
  } finally {
    await database.close();
    await node.stop();
  }
});
