import assert from "node:assert/strict";
import fc from "fast-check";
import { type Usable, UseOrder } from "../../../src/actors/use_order.ts";

class Member implements Usable<Member> {
  usedBefore: Member | undefined;
  usedAfter: Member | undefined;
  constructor(readonly name: number) {}
}

Deno.test("members stand in the order of their last use, from both ends, whoever is used and taken out", () => {
  const step = fc.record({ name: fc.nat(6), isUsed: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const members = Array.from({ length: 7 }, (_, name) => new Member(name));
    const order = new UseOrder<Member>();
    let expected: number[] = [];
    for (const { name, isUsed } of steps) {
      if (isUsed) order.use(members[name]!);
      else order.remove(members[name]!);
      expected = expected.filter((other) => other !== name);
      if (isUsed) expected.push(name);
      assert.deepEqual([...order.oldestFirst()].map((member) => member.name), expected);
      assert.deepEqual([...order.newestFirst()].map((member) => member.name), expected.toReversed());
    }
  }));
});

Deno.test("who is taken out holds on to nobody", () => {
  const [one, two, three] = [1, 2, 3].map((name) => new Member(name)) as [Member, Member, Member];
  const order = new UseOrder<Member>();
  for (const member of [one, two, three]) order.use(member);
  order.remove(two);
  assert.deepEqual([two.usedBefore, two.usedAfter], [undefined, undefined]);
});

Deno.test("who is at hand may be taken out, from both ends", () => {
  const members = [1, 2, 3].map((name) => new Member(name));
  const order = new UseOrder<Member>();
  for (const walk of [() => order.oldestFirst(), () => order.newestFirst()]) {
    for (const member of members) order.use(member);
    let count = 0;
    for (const member of walk()) {
      order.remove(member);
      count++;
    }
    assert.equal(count, 3);
    assert.deepEqual([...order.oldestFirst()], []);
  }
});
