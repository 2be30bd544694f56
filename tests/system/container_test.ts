/** Does the image's command serve? Its files are laid out as the Dockerfile does, its flags are the Dockerfile's. */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { commandOf, copied } from "../support/image.ts";
import { ask, claim, createCoupon, startNode, type TestNode } from "../support/node.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

async function run(command: string, args: string[], options: Deno.CommandOptions): Promise<number> {
  return (await new Deno.Command(command, { ...options, args, stdout: "null" }).output()).code;
}

/** A folder with what the build copies, and no more. */
async function layOut(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "doorbuster-image-" });
  assert.equal(await run("cp", ["-R", "--parents", ...copied, folder], { cwd: ROOT }), 0);
  return folder;
}

/** The exit code of the image's health check beside a node that listens on a port. */
function healthCheck(folder: string, url: string): Promise<number> {
  const [deno, ...args] = commandOf("HEALTHCHECK");
  assert.equal(deno, "deno");
  return run(Deno.execPath(), args, { cwd: folder, env: { PORT: new URL(url).port } });
}

async function assertServes({ url, lastLines }: TestNode): Promise<void> {
  assert.equal((await ask(url, "GET", "/livez")).status, 200, lastLines());
  assert.equal((await createCoupon(url, "boxed", 1)).status, 201, lastLines());
  assert.equal((await claim(url, "user", "boxed")).status, 200, lastLines());
  assert.equal((await ask(url, "GET", "/api/coupons/boxed")).body["remaining_amount"], 0);
  const { body: sale } = await ask(url, "GET", "/api/sales/current");
  const { body: items } = await ask(url, "GET", `/api/sales/${sale["id"]}/items?page_size=1`);
  const picture = await fetch(url + (items.data as unknown as { image_url: string }[])[0]!.image_url);
  assert.match(await picture.text(), /^<svg/);
  const metrics = await fetch(`${url}/metrics`);
  assert.match(await metrics.text(), /^doorbuster_requests_total/m);
}

Deno.test("the image's command serves with its permissions from its files, and its health check tells", async () => {
  const folder = await layOut();
  try {
    const node = await startNode({
      databaseUrl: await freshDatabase(),
      env: { HOST: "127.0.0.1", DRAIN: "0ms" },
      command: commandOf("CMD"),
      cwd: folder,
    });
    try {
      await assertServes(node);
      assert.equal(await healthCheck(folder, node.url), 0, "while it lives");
      assert.equal(await node.stop(), 0, node.lastLines());
      assert.doesNotMatch(node.lastLines(), /NotCapable|Requires \w+ access/);
      assert.equal(await healthCheck(folder, node.url), 1, "when it is gone");
    } finally {
      await node.kill();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
