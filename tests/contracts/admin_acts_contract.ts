/** What must every trail of acts do? One suite; each implementation passes it. */
import assert from "node:assert/strict";
import type { AdminAct, AdminActs } from "../../src/ports/mod.ts";

/** A trail that is empty, and its end. */
export interface OpenActs {
  readonly acts: AdminActs;
  close(): Promise<void>;
}

const ACT: AdminAct = {
  caller: "user:ünï 🎉",
  act: "coupon.edit",
  target: ["50%_off ' \\ \"", "ünï 🎉"],
  address: "2001:db8::1",
  requestId: "r-1",
};

/** Registers the suite. */
export function adminActsContract(name: string, openActs: () => Promise<OpenActs>): void {
  const test = (behaviour: string, body: (acts: AdminActs) => Promise<void>) =>
    Deno.test(`${name}: ${behaviour}`, async () => {
      const { acts, close } = await openActs();
      try {
        await body(acts);
      } finally {
        await close();
      }
    });

  test("an act is there before it is done, without an outcome, and with it after", async (acts) => {
    const before = Date.now();
    const id = await acts.begin(ACT);
    const { data: [begun] } = await acts.page(0, 10);
    const { at, ...rest } = begun!;
    assert.deepEqual(rest, { ...ACT, id, status: null, code: null });
    assert(Math.abs(at - before) < 60_000, "milliseconds since the epoch");
    await acts.complete(id, 409, "amount_below_claimed");
    assert.deepEqual((await acts.page(0, 10)).data, [{ ...begun!, status: 409, code: "amount_below_claimed" }]);
    const done = await acts.begin(ACT);
    await acts.complete(done, 200, null);
    assert.deepEqual((await acts.page(0, 1)).data.map(({ status, code }) => [status, code]), [[200, null]]);
  });

  test("an act is completed once", async (acts) => {
    const id = await acts.begin(ACT);
    await acts.complete(id, 200, null);
    await acts.complete(id, 500, "internal_error");
    assert.equal((await acts.page(0, 1)).data[0]!.status, 200);
    await acts.complete(id + 1, 200, null);
    assert.equal((await acts.page(0, 10)).data.length, 1);
  });

  test("an act vouches for its first command alone, while it is under way", async (acts) => {
    const [one, other] = [crypto.randomUUID(), crypto.randomUUID()];
    const id = await acts.begin(ACT);
    const next = await acts.begin(ACT);
    assert(!await acts.vouches(next + 1, ACT.act, one), "none is recorded");
    assert(!await acts.vouches(0, ACT.act, one));
    assert(!await acts.vouches(id, "coupon.create", one), "another is recorded");
    assert(await acts.vouches(id, ACT.act, one));
    assert(await acts.vouches(id, ACT.act, one), "asked again");
    assert(!await acts.vouches(id, ACT.act, other));
    assert(await acts.vouches(next, ACT.act, other));
    await acts.complete(id, 200, null);
    assert(!await acts.vouches(id, ACT.act, one), "it is over");
  });

  test("of many commands at once an act vouches for one", async (acts) => {
    const id = await acts.begin(ACT);
    const asked = Array.from({ length: 20 }, () => acts.vouches(id, ACT.act, crypto.randomUUID()));
    assert.equal((await Promise.all(asked)).filter((it) => it).length, 1);
  });

  test("acts come in pages, the newest first, also while others are added", async (acts) => {
    assert.deepEqual(await acts.page(0, 10), { data: [], next: undefined });
    const ids: number[] = [];
    for (let n = 0; n < 5; n++) ids.push(await acts.begin({ ...ACT, target: [String(n)] }));
    assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
    const targets: string[] = [];
    let before = 0;
    for (let pages = 0; pages < 3; pages++) {
      const { data, next } = await acts.page(before, 2);
      for (const { target } of data) targets.push(...target);
      assert.equal(next === undefined, pages === 2);
      before = next ?? 0;
      await acts.begin({ ...ACT, target: ["later"] });
    }
    assert.deepEqual(targets, ["4", "3", "2", "1", "0"]);
    assert.equal((await acts.page(ids[0]!, 10)).data.length, 0);
  });

  test("the parts of a target come back as they were, in their order", async (acts) => {
    const targets = [
      [],
      [""],
      ["", ""],
      ["a b", "c"],
      ["a", "b c"],
      ["NULL", "null"],
      ["{}", "{a,b}", ",", '"', "\\", '\\"', "'"],
      [" a", "a "],
      ["ünï 🎉", "%_"],
    ];
    for (const target of targets) await acts.begin({ ...ACT, target });
    assert.deepEqual((await acts.page(0, 100)).data.map(({ target }) => target), targets.toReversed());
  });

  test("acts that begin at once are all there", async (acts) => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => acts.begin(ACT)));
    assert.equal(new Set(ids).size, 20);
    assert.equal((await acts.page(0, 100)).data.length, 20);
  });
}
