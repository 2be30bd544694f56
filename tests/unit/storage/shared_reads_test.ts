/** Who shares a read, and what is kept of it? */
import assert from "node:assert/strict";
import { SharedReads } from "../../../src/storage/shared_read.ts";

Deno.test("get() shares a read among those who ask for the same, and for nothing else; nothing of it is kept", async () => {
  const reads = new SharedReads<object>();
  const answers: { key: string; answer: PromiseWithResolvers<object> }[] = [];
  const get = (key: string) =>
    reads.get(key, () => {
      const answer = Promise.withResolvers<object>();
      answers.push({ key, answer });
      return answer.promise;
    });
  const first = get("a");
  const others = [get("a"), get("b"), get("a")];
  assert.deepEqual(answers.map(({ key }) => key), ["a", "b"]);
  const [a, b, next] = [{}, {}, {}];
  answers[0]!.answer.resolve(a);
  answers[1]!.answer.resolve(b);
  assert.equal(await first, a);
  await new Promise(setImmediate);
  assert.deepEqual(answers.map(({ key }) => key), ["a", "b", "a"]);
  assert.equal(reads.size, 1);
  answers[2]!.answer.resolve(next);
  assert.deepEqual(await Promise.all(others), [next, b, next]);
  assert.equal(reads.size, 0);
});

Deno.test("get() that fails is told to those who share it, and kept for nobody", async () => {
  const reads = new SharedReads<number>();
  const fails = () => Promise.reject(new Error("lost"));
  const told = await Promise.allSettled([reads.get("a", fails), reads.get("a", fails)]);
  assert.deepEqual(told.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(reads.size, 0);
  assert.equal(await reads.get("a", () => Promise.resolve(1)), 1);
});
