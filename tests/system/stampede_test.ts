/** Is a sale exact under a stampede of real buyers, and does the stampede tell whether it was? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { ask, startNode } from "../support/node.ts";
import { ADMIN_TOKEN, SERVICE_TOKEN } from "../support/tokens.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const ITEMS = 200;

/** Runs the task's own command. */
async function stampede(...args: string[]): Promise<{ code: number; said: string }> {
  return await stampedeWith({}, ...args);
}

async function stampedeWith(env: Record<string, string>, ...args: string[]): Promise<{ code: number; said: string }> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-net", "--allow-env=ADMIN_TOKEN", "tools/stampede/main.ts", ...args],
    cwd: ROOT,
    env,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("stampede sells a small sale out, in two runs, and finds it exact", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase(), env: { ITEMS_PER_SALE: String(ITEMS) } });
  try {
    const { body: { id } } = await ask(node.url, "GET", "/api/sales/current");
    for (const seed of ["1", "2"]) {
      const args = ["--url", `${node.url},${node.url}/`, "--sale", String(id), "--buyers", "250", "--seed", seed];
      const { code, said } = await stampede(...args);
      assert.equal(code, 0, said);
      assert.match(said, /^exact: [\d,]+ answers, \d+ items bought: every answer is stored as told/m, said);
      assert.match(said, /checkout 412 item_unavailable +\d+/, said);
    }
    const { body } = await ask(node.url, "GET", `/api/sales/${id}`);
    assert.equal(Number(body["sold"]) + Number(body["held"]) + Number(body["left"]), ITEMS);
    assert(Number(body["left"]) < ITEMS * 0.1, "there were buyers for far more");
  } finally {
    await node.stop();
  }
});

Deno.test("stampede shows nodes the ADMIN_TOKEN of its environment", async () => {
  const env = { ITEMS_PER_SALE: "20", ADMIN_TOKEN, SERVICE_TOKEN };
  const node = await startNode({ databaseUrl: await freshDatabase(), env });
  try {
    const { code, said } = await stampedeWith({ ADMIN_TOKEN }, "--url", node.url, "--buyers", "20");
    assert.equal(code, 0, said);
    assert.match(said, /^exact: /m);
    assert(!(said + node.said()).includes(ADMIN_TOKEN));
    assert.equal((await stampedeWith({}, "--url", node.url, "--buyers", "20")).code === 0, false);
  } finally {
    await node.stop();
  }
});

Deno.test("stampede finds a node that lies: a purchase told that is not stored", async () => {
  const node = await startNode({ databaseUrl: await freshDatabase(), env: { ITEMS_PER_SALE: String(ITEMS) } });
  let lies = 0;
  // Each hundredth purchase never gets to the node, and is answered all the same.
  let purchases = 0;
  const liar = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/purchase" && ++purchases % 100 === 50) {
      lies++;
      return Response.json({ message: "Purchase successful" });
    }
    return fetch(node.url + pathname + search, { method: request.method });
  });
  try {
    const { code, said } = await stampede("--url", `http://127.0.0.1:${liar.addr.port}`, "--buyers", "150");
    assert(lies > 0);
    assert.equal(code, 1, said);
    assert.match(said, /^WRONG: the code \S+ of \S+ is (live|expired|purchased), but was bought/m, said);
    assert.match(said, /^NOT EXACT: .* \d+ things wrong, the first: /m, said);
  } finally {
    await liar.shutdown();
    await node.stop();
  }
});

Deno.test("stampede says in one line why it could not", async () => {
  const deaf = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = deaf.addr;
  deaf.close();
  const cases: [args: string[], said: RegExp][] = [
    [
      ["--buyers", "none"],
      /^Cannot run a stampede as --buyers must be a whole number from 1 to 1000000: received none\n$/,
    ],
    [
      ["--url", `http://127.0.0.1:${port}`],
      /^Cannot read \/api\/sales\/current of http:\/\/127\.0\.0\.1:\d+: no answer .*\n$/,
    ],
  ];
  for (const [args, wanted] of cases) {
    const { code, said } = await stampede(...args);
    assert.equal(code, 2, said);
    assert.match(said, wanted);
  }
});
