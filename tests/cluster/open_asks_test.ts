import assert from "node:assert/strict";
import { OpenAsks } from "../../src/cluster/open_asks.ts";
import { claim } from "../support/commands.ts";

/** Asks whose outcomes are the test's to give. */
function makeAsks() {
  const open = new OpenAsks();
  const resolves: (() => void)[] = [];
  const ask = (command: { readonly id: string }) =>
    open.ask(command, () => {
      const { promise, resolve } = Promise.withResolvers<{ kind: "done"; answer: unknown }>();
      const answer = resolves.length;
      resolves.push(() => resolve({ kind: "done", answer }));
      return promise;
    });
  return { open, ask, resolves };
}

Deno.test("ask() of a command that is open shares its outcome; once it is told, the next is asked anew", async () => {
  const { ask, resolves } = makeAsks();
  const command = claim("u");
  const [first, second] = [ask(command), ask({ ...command })];
  assert.equal(resolves.length, 1);
  resolves[0]!();
  assert.deepEqual([await first, await second], [{ kind: "done", answer: 0 }, { kind: "done", answer: 0 }]);
  ask(command);
  assert.equal(resolves.length, 2);
});

Deno.test("ask() of another command under the same id is a command of its own", () => {
  const { ask, resolves } = makeAsks();
  const command = claim("u");
  ask(command);
  ask(claim("v", { id: command.id }));
  assert.equal(resolves.length, 2);
});

Deno.test("forget() lets a command be asked again that is still open, and its end ends only itself", async () => {
  const { open, ask, resolves } = makeAsks();
  const command = claim("u");
  const first = ask(command);
  open.forget(command.id);
  ask(command);
  assert.equal(resolves.length, 2);
  resolves[0]!();
  await first;
  ask(command);
  assert.equal(resolves.length, 2, "the second is still open");
});
