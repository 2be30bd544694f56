import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { type Asked, Joined } from "../../../src/storage/joined.ts";

const OPTIONS = { refusal: "Cannot ask", atOnce: 1, waitingMax: 10_000 };

/** Statements that the test ends, each with its questions. */
class Statements {
  readonly sent: { readonly asked: readonly Asked<number, string>[]; readonly end: (error?: Error) => void }[] = [];

  readonly answer = (asked: readonly Asked<number, string>[]): Promise<void> =>
    new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        if (error !== undefined) return reject(error);
        for (const { question, resolve } of asked) resolve(`answer ${question}`);
        resolve();
      };
      this.sent.push({ asked, end });
    });

  get questions(): number[][] {
    return this.sent.map(({ asked }) => asked.map(({ question }) => question));
  }
}

/** Lets everything happen that waits for nothing else. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

Deno.test("questions of one tick share a statement, and those asked while it runs share the next one", async () => {
  const statements = new Statements();
  const joined = new Joined(OPTIONS, statements.answer);
  const answers = [1, 2].map((question) => joined.ask(question));
  await settle();
  answers.push(...[3, 4].map((question) => joined.ask(question)));
  await settle();
  assert.deepEqual(statements.questions, [[1, 2]]);
  statements.sent[0]!.end();
  await settle();
  assert.deepEqual(statements.questions, [[1, 2], [3, 4]]);
  statements.sent[1]!.end();
  assert.deepEqual(await Promise.all(answers), ["answer 1", "answer 2", "answer 3", "answer 4"]);
});

Deno.test("as many statements run at once as are allowed, each of at most 1,000 questions", async () => {
  const statements = new Statements();
  const joined = new Joined({ ...OPTIONS, atOnce: 2 }, statements.answer);
  const answers = Array.from({ length: 2_500 }, (_, question) => joined.ask(question));
  await settle();
  assert.deepEqual(statements.questions.map(({ length }) => length), [1_000, 1_000]);
  statements.sent[1]!.end();
  await settle();
  assert.deepEqual(statements.questions.map(({ length }) => length), [1_000, 1_000, 500]);
  for (const { end } of statements.sent) end();
  assert.deepEqual(await Promise.all(answers), answers.map((_, question) => `answer ${question}`));
});

Deno.test("questions with the same key come in different statements, in the order in which they were asked", async () => {
  const statements = new Statements();
  const joined = new Joined({ ...OPTIONS, keyOf: (question: number) => String(question % 10) }, statements.answer);
  const answers = [1, 11, 2, 21].map((question) => joined.ask(question));
  for (let place = 0; place < 3; place++) {
    await settle();
    statements.sent[place]!.end();
  }
  assert.deepEqual(statements.questions, [[1, 2], [11], [21]]);
  assert.deepEqual(await Promise.all(answers), ["answer 1", "answer 11", "answer 2", "answer 21"]);
});

Deno.test("a statement that fails rejects its own questions, but those that were answered before", async () => {
  const statements = new Statements();
  const joined = new Joined(OPTIONS, statements.answer);
  const [first, second] = [joined.ask(1), joined.ask(2)];
  await settle();
  const third = joined.ask(3);
  statements.sent[0]!.asked[0]!.resolve("early");
  statements.sent[0]!.end(new Error("lost"));
  await assert.rejects(second, /lost/);
  assert.equal(await first, "early");
  await settle();
  statements.sent[1]!.end();
  assert.equal(await third, "answer 3");
});

Deno.test("one question more than may wait is refused as overloaded; those that were sent do not count", async () => {
  const statements = new Statements();
  const joined = new Joined({ ...OPTIONS, waitingMax: 3 }, statements.answer);
  const answers = [joined.ask(0)];
  await settle();
  answers.push(...[1, 2, 3].map((question) => joined.ask(question)));
  await assert.rejects(joined.ask(4), (error) => {
    assert(error instanceof Fault && error.code === "overloaded");
    return error.message === "Cannot ask as too many wait: 3";
  });
  statements.sent[0]!.end();
  await settle();
  statements.sent[1]!.end();
  assert.equal((await Promise.all(answers)).length, 4);
});
