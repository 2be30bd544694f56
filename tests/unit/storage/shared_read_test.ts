import assert from "node:assert/strict";
import { SharedRead } from "../../../src/storage/shared_read.ts";

/** A read that is answered by hand. */
function reading(): { shared: SharedRead<number>; answers: PromiseWithResolvers<number>[] } {
  const answers: PromiseWithResolvers<number>[] = [];
  const shared = new SharedRead(() => {
    const answer = Promise.withResolvers<number>();
    answers.push(answer);
    return answer.promise;
  });
  return { shared, answers };
}

Deno.test("get() gives all who come during a read the next one, which began after they came", async () => {
  const { shared, answers } = reading();
  const first = shared.get();
  const during = [shared.get(), shared.get(), shared.get()];
  assert.equal(answers.length, 1);
  answers[0]!.resolve(1);
  assert.equal(await first, 1);
  await new Promise(setImmediate);
  assert.equal(answers.length, 2, "one for the three");
  const later = shared.get();
  answers[1]!.resolve(2);
  assert.deepEqual(await Promise.all(during), [2, 2, 2]);
  await new Promise(setImmediate);
  answers[2]!.resolve(3);
  assert.equal(await later, 3);
});

Deno.test("get() that fails is told to those who share it, and the next one is read all the same", async () => {
  const { shared, answers } = reading();
  const first = shared.get();
  const next = shared.get();
  answers[0]!.reject(new Error("lost"));
  await assert.rejects(first, /lost/);
  await new Promise(setImmediate);
  answers[1]!.resolve(2);
  assert.equal(await next, 2);
});
