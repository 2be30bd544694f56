/** What of a reply is on the wire? Nodes of other versions read it, so its bytes stay as they are. */
import assert from "node:assert/strict";
import { decodeReply, encodeReply, type Reply } from "../../../src/cluster/reply.ts";

const ON_THE_WIRE: readonly (readonly [status: Reply["status"] | undefined, line: string | undefined, text: string])[] =
  [
    [undefined, "[[0,0,1]]", "7 0 [[0,0,1]]"],
    ["answered", "[]", "7 200 []"],
    ["answered", "two words\nü", "7 200 two words\nü"],
    ["malformed", undefined, "7 400"],
    ["unknown", undefined, "7 404"],
    ["unavailable", undefined, "7 503"],
  ];

for (const [status, line, text] of ON_THE_WIRE) {
  Deno.test(`a reply with the status ${status ?? "that more lines are to come"} is ${JSON.stringify(text)}`, () => {
    assert.equal(encodeReply(7, status, line), text);
    assert.deepEqual(decodeReply(text), { number: 7, status, line });
  });
}

Deno.test("a status that only another version knows says that nothing was taken, and from 500 that it may be later", () => {
  for (
    const [code, status] of [
      [1, "unknown"],
      [201, "unknown"],
      [401, "unknown"],
      [499, "unknown"],
      [500, "unavailable"],
      [999, "unavailable"],
    ] as const
  ) assert.deepEqual(decodeReply(`7 ${code}`), { number: 7, status, line: undefined });
});

Deno.test("what is no part of a reply has no number and no status", () => {
  for (
    const text of ["", "7", "7 ", "x 200", "7 200x", "7 2000", " 7 200", "-7 200", "7.5 200", "1234567890123456 200"]
  ) {
    assert.equal(decodeReply(text), undefined, JSON.stringify(text));
  }
});
