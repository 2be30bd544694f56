import assert from "node:assert/strict";
import type { Fault } from "../../../src/ports/mod.ts";
import { Mailbox } from "../../../src/actors/mailbox.ts";

function makeMailbox(max: number) {
  const rejected: string[] = [];
  const mailbox = new Mailbox<ReturnType<typeof message>>(max);
  function message(name: string, deadline: number = 100) {
    return { name, deadline, lost: undefined, reject: ({ code }: Fault) => void rejected.push(`${name} ${code}`) };
  }
  return { mailbox, message, rejected, names: () => mailbox.take().map(({ name }) => name) };
}

Deno.test("push() takes as many as may wait, and no more until some are taken", () => {
  const { mailbox, message, names } = makeMailbox(2);
  assert.deepEqual(["a", "b", "c"].map((name) => mailbox.push(message(name))), [true, true, false]);
  assert.deepEqual(names(), ["a", "b"]);
  assert(mailbox.push(message("d")));
});

Deno.test("putBack() puts messages before those that came meanwhile, beyond the limit too", () => {
  const { mailbox, message, names } = makeMailbox(2);
  for (const name of ["a", "b"]) mailbox.push(message(name));
  const taken = mailbox.take();
  for (const name of ["c", "d"]) mailbox.push(message(name));
  mailbox.putBack(taken);
  assert.equal(mailbox.push(message("e")), false);
  assert.deepEqual(names(), ["a", "b", "c", "d"]);
});

Deno.test("takeThose() takes those that still wait, and leaves the others in their order", () => {
  const { mailbox, message, names } = makeMailbox(5);
  for (const [name, deadline] of [["a", 100], ["b", 99], ["c", 100]] as const) mailbox.push(message(name, deadline));
  const waiting = mailbox.waiting();
  assert.deepEqual(waiting.map(({ name }) => name), ["a", "b", "c"]);
  mailbox.expire(100);
  for (const name of ["d", "e"]) mailbox.push(message(name));
  assert.deepEqual(mailbox.takeThose(waiting).map(({ name }) => name), ["a", "c"]);
  assert.deepEqual(names(), ["d", "e"]);
  assert.deepEqual(mailbox.waiting(), []);
});

Deno.test("expire() tells everyone whom it drops, and keeps whose deadline is now", () => {
  const { mailbox, message, rejected, names } = makeMailbox(5);
  for (const [name, deadline] of [["past", 99], ["now", 100], ["later", 101], ["long past", 1]] as const) {
    mailbox.push(message(name, deadline));
  }
  mailbox.expire(100);
  assert.deepEqual(rejected, ["past deadline", "long past deadline"]);
  assert.deepEqual(names(), ["now", "later"]);
});
