import assert from "node:assert/strict";
import type { BadLine } from "../../../src/csv/header.ts";
import type { Membership } from "../../../src/domain/membership.ts";
import { BATCH_MAX, importMemberships, type ImportProgress } from "../../../src/cli/import_memberships.ts";

const NO_EVENTS = { bad() {}, duplicate() {}, progressed() {} };

async function* partsOf(...parts: Membership[][]) {
  for (const [place, memberships] of parts.entries()) {
    yield {
      memberships,
      bad: [{ line: place, why: "is bad" }],
      duplicates: [{ line: place, why: "is again" }],
      bytes: 10 * (place + 1),
    };
    await undefined;
  }
}

function memberships(count: number, segments: number): Membership[] {
  return Array.from(
    { length: count },
    (_, place) => ({ userId: "u", segment: `s${place % segments}`, expiresAt: place }),
  );
}

Deno.test("importMemberships() stores all, those of one segment in their order, in bounded batches", async () => {
  const stored: Membership[][] = [];
  const told: ImportProgress[] = [];
  let atOnce = 0;
  const store = {
    async putAll(batch: readonly Membership[]) {
      stored.push([...batch]);
      assert(++atOnce <= 2, "as many at once as there are sessions");
      for (let tick = 0; tick < batch.length % 7; tick++) await undefined;
      atOnce--;
      return 1;
    },
  };
  const all = memberships(4 * BATCH_MAX + 123, 7);
  const lines: string[] = [];
  const events = {
    bad: ({ line, why }: BadLine) => void lines.push(`${line} ${why}`),
    duplicate: ({ line, why }: BadLine) => void lines.push(`${line} ${why}`),
    progressed: (progress: ImportProgress) => void told.push({ ...progress }),
  };
  const done = await importMemberships(partsOf(all.slice(0, 1_000), all.slice(1_000)), store, 2, events);
  assert.deepEqual(done, { stored: all.length, created: stored.length, bad: 2, duplicates: 2, bytes: 20 });
  assert.deepEqual(lines, ["0 is again", "0 is bad", "1 is again", "1 is bad"]);
  assert.equal(told.length, stored.length);
  assert(stored.every((batch) => batch.length <= BATCH_MAX));
  for (let segment = 0; segment < 7; segment++) {
    const mine = (all: Membership[]) => all.filter((one) => one.segment === `s${segment}`);
    assert.deepEqual(mine(stored.flat()), mine(all));
  }
});

Deno.test("importMemberships() fails where a batch cannot be stored, and reads no further", async () => {
  let reads = 0;
  async function* endless() {
    for (;;) {
      reads++;
      yield { memberships: memberships(BATCH_MAX, 1), bad: [], duplicates: [], bytes: 0 };
      await undefined;
    }
  }
  const store = { putAll: () => Promise.reject(new Error("gone")) };
  await assert.rejects(importMemberships(endless(), store, 2, NO_EVENTS), /gone/);
  assert(reads <= 3, String(reads));
});
