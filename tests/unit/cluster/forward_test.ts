import assert from "node:assert/strict";
import type { Fault } from "../../../src/ports/mod.ts";
import { fail, type Forward, forwardOf, leaseOf, untilLeaseEnds } from "../../../src/cluster/forward.ts";
import { claim } from "../../support/commands.ts";

function makeForward(more: Partial<Forward> = {}): { forward: Forward; codes: string[] } {
  const codes: string[] = [];
  const reject = ({ code }: Fault) => void codes.push(code);
  const command = { kind: "coupon", key: "k", command: claim("u"), deadline: 5_000 };
  const start = { ...command, redirects: 2, mayBeStored: false, resolve() {}, reject };
  return { forward: { ...forwardOf(start), ...more }, codes };
}

Deno.test("leaseOf() leaves the second copy what the first did not use, and no copy time that is over", () => {
  for (
    const [now, isAskedAgain, lease] of [[0, false, 1_500], [4_000, false, 4_300], [6_000, false, 6_000], [
      2_000,
      true,
      5_000,
    ]] as const
  ) assert.equal(leaseOf(makeForward({ isAskedAgain }).forward, now), lease, `${now} ${isAskedAgain}`);
});

Deno.test("untilLeaseEnds() waits longer than the lease by what the clocks of two nodes may differ", () => {
  const { forward } = makeForward({ lease: 1_500 });
  assert.deepEqual([0, 1_500, 1_599, 1_600, 9_000].map((now) => untilLeaseEnds(forward, now)), [1_600, 100, 1, 0, 0]);
});

Deno.test("fail() tells as much as is certain, in codes that this version knows", () => {
  for (
    const [mayBeStored, code, wanted] of [
      [false, "deadline", "deadline"],
      [false, "overloaded", "overloaded"],
      [false, "data_error", "data_error"],
      [false, "of a newer version", "storage_unavailable"],
      [false, "moved", "moved"],
      [false, "stopping", "stopping"],
      [true, "deadline", "storage_unavailable"],
      [true, "overloaded", "storage_unavailable"],
      [true, "moved", "storage_unavailable"],
      [true, "stopping", "storage_unavailable"],
      [true, "data_error", "data_error"],
    ] as const
  ) {
    const { forward, codes } = makeForward({ mayBeStored });
    fail(forward, code, "");
    assert.deepEqual(codes, [wanted], `${mayBeStored} ${code}`);
  }
});
