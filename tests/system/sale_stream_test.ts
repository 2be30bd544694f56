/** Does a real server tell a sale's counters as they change, not too often, and is it none the worse for who listens? */
import assert from "node:assert/strict";
import { buy, currentSale, hold } from "../support/buyers.ts";
import { freshDatabase } from "../support/database.ts";
import { startNode, type TestNode } from "../support/node.ts";
import { until } from "../support/until.ts";

const STOP_MS = 15_000;

interface Counters {
  readonly sold: number;
  readonly held: number;
  readonly left: number;
  readonly items: number;
}

/** A client that follows a stream until it ends or leaves. */
class Follower {
  readonly events: { at: number; sale: Counters }[] = [];
  /** Set once the server has ended the stream; its error where it was cut. */
  ended: "by the server" | Error | undefined;
  readonly #leaving = new AbortController();

  constructor(url: string, path: string) {
    this.done = this.#follow(url + path).catch((error) => void (this.ended ??= error as Error));
  }

  readonly done: Promise<void>;

  get last(): Counters | undefined {
    return this.events.at(-1)?.sale;
  }

  /** Vanishes. */
  async leave(): Promise<void> {
    this.#leaving.abort();
    await this.done;
  }

  async #follow(url: string): Promise<void> {
    const response = await fetch(url, { signal: this.#leaving.signal });
    if (response.status !== 200) await response.body?.cancel();
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    assert.equal(response.headers.get("cache-control"), "no-store");
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
        const event = text.slice(0, end);
        text = text.slice(end + 2);
        if (event.startsWith("data: ")) this.events.push({ at: performance.now(), sale: JSON.parse(event.slice(6)) });
        else assert.equal(event, ":");
      }
    }
    this.ended = "by the server";
  }
}

async function streamsOf({ url }: TestNode): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^doorbuster_streams (\d+)/m.exec(text)?.[1]);
}

async function withNode(body: (node: TestNode) => Promise<void>): Promise<void> {
  const env = { ITEMS_PER_SALE: "2000", CHECKOUT_TTL: "1h", DRAIN: "200ms" };
  const node = await startNode({ databaseUrl: await freshDatabase(), env });
  try {
    await body(node);
  } finally {
    await node.kill();
  }
}

Deno.test("a stream begins with the counters, and tells how they change at most four times a second", async () => {
  await withNode(async (node) => {
    const sale = await currentSale(node.url);
    const followers = ["current", sale.key].map((name) => new Follower(node.url, `/api/sales/${name}/stream`));
    await until(() => followers.every(({ last }) => last !== undefined), { what: "the first event" });
    for (const { last } of followers) assert.deepEqual([last!.sold, last!.held, last!.left], [0, 0, 2_000]);
    const since = performance.now();
    let count = 0;
    while (count < 1_900 && followers.some(({ events }) => events.length < 5)) {
      await buy(node.url, `user-${count >> 3}`, sale.itemId(++count));
    }
    await hold(node.url, "holder", sale.itemId(2_000));
    for (const follower of followers) {
      await until(() => follower.last!.sold === count && follower.last!.held === 1, { what: "the last counters" });
      const { events } = follower;
      for (const { sale: { sold, held, left, items } } of events) assert.equal(sold + held + left, items);
      assert(events.every(({ sale }, place) => place === 0 || sale.sold >= events[place - 1]!.sale.sold));
      const seconds = (events.at(-1)!.at - since) / 1_000;
      console.log(
        `${count} purchases: ${events.length} events, ${((events.length - 1) / seconds).toFixed(1)} a second`,
      );
      // All but the first were sent between the first purchase and the last arrival.
      assert(events.length - 1 <= seconds * 4 + 2, `${events.length} events in ${seconds} s`);
    }
    await Promise.all(followers.map((follower) => follower.leave()));
  });
});

Deno.test("clients that vanish leave nothing, and those that stay are told on", async () => {
  await withNode(async (node) => {
    const sale = await currentSale(node.url);
    const path = `/api/sales/${sale.key}/stream`;
    const stays = new Follower(node.url, path);
    for (let round = 0; round < 3; round++) {
      const followers = Array.from({ length: 50 }, () => new Follower(node.url, path));
      await until(async () => await streamsOf(node) === 51, { what: "51 streams" });
      await Promise.all(followers.map((follower) => follower.leave()));
      await buy(node.url, `user-${round}`, sale.itemId(round + 1));
      await until(async () => await streamsOf(node) === 1, { what: "the streams of who vanished to be gone" });
      await until(() => stays.last?.sold === round + 1, { what: "who stays to be told" });
    }
    await stays.leave();
    await until(async () => await streamsOf(node) === 0, { what: "no stream" });
  });
});

Deno.test("streams end at SIGTERM without holding up the exit, those too that come while it leaves", async () => {
  await withNode(async (node) => {
    const path = `/api/sales/${(await currentSale(node.url)).key}/stream`;
    const followers = Array.from({ length: 20 }, () => new Follower(node.url, path));
    await until(() => followers.every(({ last }) => last !== undefined), { what: "the first events" });
    const since = performance.now();
    let isGone = false;
    const stopped = node.stop().finally(() => isGone = true);
    await until(() => {
      if (followers.length < 2_000) followers.push(new Follower(node.url, path));
      return isGone;
    }, { what: "the server's end", timeoutMs: STOP_MS, everyMs: 1 });
    assert.equal(await stopped, 0, node.lastLines());
    const ms = performance.now() - since;
    await Promise.all(followers.map(({ done }) => done));
    console.log(`Stopped in ${Math.round(ms)} ms with ${followers.length} streams asked for`);
    assert(ms < STOP_MS);
    for (const { ended } of followers.slice(0, 20)) assert.equal(ended, "by the server");
  });
});
