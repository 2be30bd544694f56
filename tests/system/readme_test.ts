/** Does what the README says to type work as it stands? */
import assert from "node:assert/strict";
import { freshDatabase } from "../support/database.ts";
import { ask, startNode } from "../support/node.ts";

const README = await Deno.readTextFile(new URL("../../README.md", import.meta.url));

/** The block of shell commands that has these words. */
function blockWith(words: string): string {
  const block = README.match(/(?<=```sh\n)[^]*?(?=```)/g)!.find((each) => each.includes(words));
  assert(block !== undefined, words);
  return block;
}

for (const [shell, ...options] of [["sh"], ["bash"], ["bash", "-i"], ["dash"]] as const) {
  Deno.test(`the README's 50 claims print one quiet summary in ${[shell, ...options].join(" ")}`, async () => {
    const node = await startNode({ databaseUrl: await freshDatabase() });
    try {
      const script = blockWith("uniq -c").replaceAll("http://localhost:8080", node.url);
      const command = new Deno.Command(shell, { args: [...options, "-c", script], stdout: "piped", stderr: "piped" });
      const { code, stdout, stderr } = await command.output();
      const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)) as [string, string];
      assert.equal(code, 0, complaint);
      assert.match(said, /^\{"message".*\}200: 5, 400: 45\n\{"name":"FLASH_SALE",.*"remaining_amount":0,/, said);
      const { body } = await ask(node.url, "GET", "/api/coupons/FLASH_SALE");
      assert.equal((body.claimed_by as unknown as string[]).length, 5);
    } finally {
      await node.kill();
    }
  });
}
