/** Do the statuses that the README promises hold? */
import assert from "node:assert/strict";
import { Fault } from "../../../src/ports/mod.ts";
import { outcomeAnswer, type ProblemCode, PROBLEMS } from "../../../src/http/answers/answer.ts";

const ID = { id: "request", echoed: false };

/** Each code that stands after a status in the README's tables: `409 `paused`` … */
function* promised(): Generator<[status: number, code: string]> {
  const text = Deno.readTextFileSync(new URL("../../../README.md", import.meta.url));
  const rows = text.split("\n").filter((line) => line.startsWith("| "));
  for (const row of rows) {
    let status = NaN;
    for (const [, number, code] of row.matchAll(/\b([45]\d\d)\b|`([a-z]+_[a-z_]+|paused|ended)`/g)) {
      if (number !== undefined) status = Number(number);
      else if (status === status && code !== undefined) yield [status, code];
    }
  }
}

Deno.test("every code that the README's table of requests promises has the status that stands before it", () => {
  const known = new Map<string, Set<number>>();
  for (const [name, { status, ...more }] of Object.entries(PROBLEMS)) {
    const code = "code" in more ? more.code : name;
    known.set(code, (known.get(code) ?? new Set()).add(status));
  }
  const codes = new Set<string>();
  for (const [status, code] of promised()) {
    if (!known.has(code)) continue;
    codes.add(code);
    assert(known.get(code)!.has(status), `${code} as ${status}: it is ${[...known.get(code)!]}`);
  }
  assert(codes.size >= 30, [...codes].join());
});

Deno.test("what only the machinery brings about is 503, to be asked again", () => {
  const faults = ["overloaded", "deadline", "storage_unavailable", "moved", "stopping", "data_error", "not_ready"];
  for (const code of faults as ProblemCode[]) assert.equal(PROBLEMS[code].status, 503, code);
});

Deno.test("outcomeAnswer() tells no client that a coupon asked for a membership", () => {
  const outcome = { kind: "refused", refusal: "membership_needed" } as const;
  assert.throws(() => outcomeAnswer(outcome, ID), (error) => error instanceof Fault && error.code === "moved");
});
