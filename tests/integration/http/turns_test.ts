/** Does every connection have its turn? With the loop that a listener has where it may use the network. */
import assert from "node:assert/strict";
import { Turns } from "../../../src/http/wire/turns.ts";
import { until } from "../../support/until.ts";

/** Answers requests until one has to wait; returns how many did not, and what that one waits for. */
function answerAll(turns: Turns): { answered: number; wait: Promise<void> } {
  for (let answered = 0; answered < 10_000; answered++) {
    const wait = turns.afterAnswer(false);
    if (wait !== undefined) return { answered, wait };
  }
  return assert.fail("nobody ever waits");
}

Deno.test("after some requests all connections wait, and go on together once sockets were looked at", async () => {
  const turns = new Turns();
  try {
    for (let round = 0; round < 100; round++) {
      const { answered, wait } = answerAll(turns);
      assert(answered >= 50 && answered <= 500, String(answered));
      assert.equal(turns.afterAnswer(false), wait, "all others wait too");
      assert.equal(turns.afterAnswer(true), wait, "whatever was read of them");
      await wait;
      assert.equal(turns.afterAnswer(false), undefined);
    }
  } finally {
    turns.close();
  }
});

Deno.test("what has arrived meanwhile is read before the next round", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const client = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
  const server = await listener.accept();
  const turns = new Turns();
  try {
    let heard = 0;
    const bytes = new Uint8Array(1);
    const reading = (async () => {
      while (await server.read(bytes) !== null) heard++;
    })();
    // The loop is there once a round takes no timer: until then a timer ends it.
    for (let round = 1; round <= 50; round++) {
      await client.write(new Uint8Array(1));
      await answerAll(turns).wait;
      await answerAll(turns).wait;
      assert(heard >= round - 1, `${heard} of ${round}`);
    }
    await until(() => heard === 50, { what: "all that was sent" });
    client.close();
    await reading;
  } finally {
    turns.close();
    server.close();
    listener.close();
  }
});

Deno.test("who waits when the listener ends goes on", async () => {
  const turns = new Turns();
  const { wait } = answerAll(turns);
  turns.close();
  await wait;
});
