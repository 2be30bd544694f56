/** Does everyone who follows a sale come to know it as it is? */
import assert from "node:assert/strict";
import type { SaleSummary } from "../../../src/ports/mod.ts";
import { HOUR_MS, saleKeyOf } from "../../../src/domain/sale_ids.ts";
import { SaleStreams } from "../../../src/http/handlers/sale_streams.ts";
import { settle } from "../../support/fake_clock.ts";
import { KEY, NUMBER, START } from "../../support/sale_commands.ts";

const current = () => NUMBER;
const ID = { id: "request", echoed: false };

function saleWith(sold: number): SaleSummary {
  const times = { startsAt: START, endsAt: START + HOUR_MS, createdAt: START, updatedAt: START };
  return { key: KEY, number: NUMBER, items: 10, sold, held: 0, phase: "open", paused: false, ...times };
}

/** A stream's reader, and what its next event tells of the items sold. */
function follow(streams: SaleStreams, sale: SaleSummary): { sold: () => Promise<number>; leave: () => Promise<void> } {
  const reader = streams.open(sale, ID).response.body!.getReader();
  return {
    async sold() {
      const { value } = await reader.read();
      return JSON.parse(new TextDecoder().decode(value).slice("data: ".length)).sold;
    },
    leave: () => reader.cancel(),
  };
}

async function withStreams(body: (streams: SaleStreams, set: (sold: number) => void) => Promise<void>): Promise<void> {
  let sale = saleWith(0);
  const streams = new SaleStreams({ current, sale: () => Promise.resolve(sale) });
  try {
    await body(streams, (sold) => void (sale = saleWith(sold)));
  } finally {
    streams.close();
  }
}

Deno.test("round() tells what a client missed while it did not read, though nothing is new since", async () => {
  await withStreams(async (streams, set) => {
    const slow = follow(streams, saleWith(0));
    set(1);
    await streams.round();
    assert.equal(await slow.sold(), 0, "it had not read its first event when the second came");
    await streams.round();
    assert.equal(await slow.sold(), 1);
    await slow.leave();
  });
});

Deno.test("round() tells a client that came with an older view what others know already", async () => {
  await withStreams(async (streams, set) => {
    const first = follow(streams, saleWith(0));
    assert.equal(await first.sold(), 0);
    set(1);
    await streams.round();
    assert.equal(await first.sold(), 1);
    const second = follow(streams, saleWith(0));
    assert.equal(await second.sold(), 0, "read before the round, opened after it");
    await streams.round();
    assert.equal(await second.sold(), 1);
    await Promise.all([first.leave(), second.leave()]);
    assert.equal(streams.count, 0);
  });
});

Deno.test("open() refuses once the node is leaving: its end waits for every stream", async () => {
  await withStreams(async (streams) => {
    streams.close();
    const { response, code } = streams.open(saleWith(0), ID);
    assert.deepEqual([response.status, code], [503, "stopping"]);
    await response.body?.cancel();
    assert.equal(streams.count, 0);
  });
});

Deno.test("open() refuses a stream too many, and takes one again when another leaves", async () => {
  const streams = new SaleStreams({ current, sale: () => Promise.resolve(saleWith(0)) }, 1);
  const one = follow(streams, saleWith(0));
  const refused = streams.open(saleWith(0), ID);
  assert.deepEqual([refused.response.status, refused.code], [503, "overloaded"]);
  await one.leave();
  await follow(streams, saleWith(0)).leave();
  assert.equal(streams.count, 0);
});

Deno.test("round() tells a client that does not read no more than the next counters that there are", async () => {
  await withStreams(async (streams, set) => {
    const slow = follow(streams, saleWith(0));
    for (const sold of [1, 2]) {
      set(sold);
      await streams.round();
    }
    assert.equal(await slow.sold(), 0);
    set(3);
    await streams.round();
    assert.equal(await slow.sold(), 3, "neither 1 nor 2 waited for it");
    await slow.leave();
  });
});

Deno.test("round() goes on telling those who stay when another leaves, and reads no sale for nobody", async () => {
  const read: number[] = [];
  const sold = new Map([[NUMBER, 0], [NUMBER + 1, 0]]);
  const saleOf = (number: number) => ({ ...saleWith(sold.get(number)!), number });
  const sale = (number: number) => (read.push(number), Promise.resolve(saleOf(number)));
  const streams = new SaleStreams({ current, sale });
  const [stays, leaves, other] = [NUMBER, NUMBER, NUMBER + 1].map((number) => follow(streams, saleOf(number)));
  for (const one of [stays, leaves, other]) assert.equal(await one!.sold(), 0);
  await leaves!.leave();
  await other!.leave();
  sold.set(NUMBER, 1);
  await streams.round();
  assert.equal(await stays!.sold(), 1);
  assert.deepEqual(read, [NUMBER]);
  await stays!.leave();
  await streams.round();
  assert.deepEqual(read, [NUMBER]);
  assert.equal(streams.count, 0);
});

Deno.test("round() that cannot read is followed by one that can; a sale that is gone stops no other's", async () => {
  let isDown = true;
  const streams = new SaleStreams({
    current,
    sale(number) {
      if (isDown) return Promise.reject(new Error("Postgres is silent"));
      return Promise.resolve(number === NUMBER ? undefined : { ...saleWith(1), number });
    },
  });
  const [gone, there] = [NUMBER, NUMBER + 1].map((number) => follow(streams, { ...saleWith(0), number }));
  for (const one of [gone, there]) assert.equal(await one!.sold(), 0);
  await streams.round();
  isDown = false;
  await streams.round();
  assert.equal(await there!.sold(), 1);
  streams.close(); // with streams that are open
});

Deno.test("round() while another one reads does nothing: a slow database is asked once", async () => {
  let reads = 0;
  const { promise, resolve } = Promise.withResolvers<SaleSummary>();
  const streams = new SaleStreams({ current, sale: () => (reads++, promise) });
  const one = follow(streams, saleWith(0));
  assert.equal(await one.sold(), 0);
  const rounds = [streams.round(), streams.round(), streams.round()];
  resolve(saleWith(1));
  await Promise.all(rounds);
  assert.equal(reads, 1);
  assert.equal(await one.sold(), 1);
  await one.leave();
});

Deno.test("round() sends a comment after 60 rounds without news, and nothing else", async () => {
  await withStreams(async (streams, set) => {
    const reader = streams.open(saleWith(0), ID).response.body!.getReader();
    const told: string[] = [];
    const listen = async () => {
      for (let { value } = await reader.read(); value !== undefined; { value } = await reader.read()) {
        told.push(new TextDecoder().decode(value).slice(0, 5));
      }
    };
    listen();
    await settle();
    assert.deepEqual(told.splice(0), ["data:"]);
    const rounds = async (count: number) => {
      for (let round = 0; round < count; round++) await streams.round();
      await settle();
      return told.splice(0);
    };
    assert.deepEqual(await rounds(59), []);
    assert.deepEqual(await rounds(1), [":\n\n"]);
    assert.deepEqual(await rounds(59), []);
    set(1);
    assert.deepEqual(await rounds(1), ["data:"], "news are a sign of life too");
    assert.deepEqual(await rounds(59), []);
    assert.deepEqual(await rounds(1), [":\n\n"]);
  });
});

Deno.test("round() reads the newest sales each time, and many older ones by turns", async () => {
  let read: number[] = [];
  const streams = new SaleStreams({
    current,
    sale(number) {
      read.push(number);
      return Promise.resolve({ ...saleWith(0), number });
    },
  });
  try {
    for (let number = 1; number <= 14; number++) follow(streams, { ...saleWith(0), number });
    const rounds: number[][] = [];
    for (let round = 0; round < 3; round++) {
      read = [];
      await streams.round();
      rounds.push(read);
    }
    for (const round of rounds) assert.deepEqual(round.slice(0, 4), [14, 13, 12, 11]);
    assert.deepEqual(rounds.map((round) => round.slice(4)), [[10, 9, 8, 7], [6, 5, 4, 3], [2, 1, 10, 9]]);
  } finally {
    streams.close();
  }
});

Deno.test("round() shows those who follow a sale that is not read that their stream lives", async () => {
  const streams = new SaleStreams({ current, sale: (number) => Promise.resolve({ ...saleWith(0), number }) });
  try {
    for (let number = 2; number <= 600; number++) follow(streams, { ...saleWith(0), number });
    const reader = streams.open({ ...saleWith(0), number: 1 }, ID).response.body!.getReader();
    await reader.read();
    for (let round = 0; round < 61; round++) await streams.round();
    assert.equal(new TextDecoder().decode((await reader.read()).value), ":\n\n");
  } finally {
    streams.close();
  }
});

/** Sales by their numbers, the hour that it is, and streams of them. */
class Hours {
  readonly sold = new Map<number, number>([[NUMBER, 0]]);
  now = NUMBER;
  reads: number[] = [];
  readonly streams = new SaleStreams({
    current: () => this.now,
    sale: (number) => {
      this.reads.push(number);
      return Promise.resolve(this.sold.has(number) ? this.saleOf(number) : undefined);
    },
  });

  saleOf(number: number): SaleSummary {
    return { ...saleWith(this.sold.get(number)!), number, key: saleKeyOf(number) };
  }

  /** Opens a stream; each call of what it returns reads the next bytes. */
  follow(followsCurrent: boolean, number: number = this.now): { next(): Promise<string>; leave(): Promise<void> } {
    const reader = this.streams.open(this.saleOf(number), ID, followsCurrent).response.body!.getReader();
    return {
      next: async () => new TextDecoder().decode((await reader.read()).value),
      leave: () => reader.cancel(),
    };
  }
}

/** What an event says: the sale and the items sold. */
function told(events: string): unknown[] {
  return events.trimEnd().split("\n\n").map((event) => {
    const [, name, data = ""] = /^(?:event: (\w+)\n)?data: (.*)$/.exec(event)!;
    const { id, sold, previous } = JSON.parse(data);
    return name === undefined ? [id, sold] : [name, previous, id];
  });
}

const NEXT = saleKeyOf(NUMBER + 1);

Deno.test("round() has those who follow the current sale go on with the next one, and tells them so first", async () => {
  const hours = new Hours();
  const [follower, stays] = [hours.follow(true), hours.follow(false)];
  for (const one of [follower, stays]) assert.deepEqual(told(await one.next()), [[KEY, 0]]);
  hours.now++;
  hours.sold.set(NUMBER, 1);
  await hours.streams.round();
  for (const one of [follower, stays]) {
    assert.deepEqual(told(await one.next()), [[KEY, 1]], "while the next sale is not there");
  }
  hours.sold.set(NUMBER + 1, 0);
  await hours.streams.round();
  assert.deepEqual(told(await follower.next()), [["current", KEY, NEXT], [NEXT, 0]]);
  hours.sold.set(NUMBER, 2).set(NUMBER + 1, 5);
  await hours.streams.round();
  assert.deepEqual(told(await follower.next()), [[NEXT, 5]], "the turn is told once");
  assert.deepEqual(told(await stays.next()), [[KEY, 2]], "who named a sale stays with it");
  await Promise.all([follower.leave(), stays.leave()]);
  assert.equal(hours.streams.count, 0);
  hours.streams.close();
});

Deno.test("round() tells of the turn of the hour whoever came late to read, over several hours too", async () => {
  const hours = new Hours();
  const [slow, asleep] = [hours.follow(true), hours.follow(true)];
  assert.deepEqual(told(await slow.next()), [[KEY, 0]]);
  hours.now++;
  hours.sold.set(hours.now, 0);
  await hours.streams.round();
  hours.sold.set(hours.now, 1);
  await hours.streams.round();
  hours.now++;
  hours.sold.set(hours.now, 7);
  await hours.streams.round();
  const third = saleKeyOf(NUMBER + 2);
  assert.deepEqual(told(await slow.next()), [["current", KEY, NEXT], [NEXT, 0]]);
  await hours.streams.round();
  assert.deepEqual(told(await slow.next()), [["current", NEXT, third], [third, 7]]);
  assert.deepEqual(told(await asleep.next()), [[KEY, 0]]);
  await hours.streams.round();
  assert.deepEqual(told(await asleep.next()), [["current", KEY, third], [third, 7]]);
  hours.reads = [];
  await hours.streams.round();
  assert.deepEqual(hours.reads, [NUMBER + 2], "nobody follows the sales before");
  await Promise.all([slow.leave(), asleep.leave()]);
  hours.streams.close();
});

Deno.test("round() follows for nobody who left while the next sale was read, and closes streams that moved on", async () => {
  const hours = new Hours();
  const [leaves, stays] = [hours.follow(true), hours.follow(true)];
  for (const one of [leaves, stays]) await one.next();
  hours.now++;
  hours.sold.set(hours.now, 0);
  const round = hours.streams.round();
  await leaves.leave();
  await round;
  assert.equal(hours.streams.count, 1);
  await stays.next();
  hours.streams.close();
  assert.equal(await stays.next(), "", "its end");
  assert.equal(hours.streams.count, 0);
});
