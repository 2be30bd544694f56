/** Does everyone who follows a sale come to know it as it is? */
import assert from "node:assert/strict";
import type { SaleSummary } from "../../src/actors/ports.ts";
import { HOUR_MS } from "../../src/domain/sale_ids.ts";
import { SaleStreams } from "../../src/http/sale_streams.ts";
import { KEY, NUMBER, START } from "../support/sale_commands.ts";

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
  const streams = new SaleStreams({ sale: () => Promise.resolve(sale) });
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
  const streams = new SaleStreams({ sale: () => Promise.resolve(saleWith(0)) }, 1);
  const one = follow(streams, saleWith(0));
  const refused = streams.open(saleWith(0), ID);
  assert.deepEqual([refused.response.status, refused.code], [503, "overloaded"]);
  await one.leave();
  await follow(streams, saleWith(0)).leave();
  assert.equal(streams.count, 0);
});
