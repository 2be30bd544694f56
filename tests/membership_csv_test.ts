import assert from "node:assert/strict";
import type { Membership } from "../src/domain/membership.ts";
import { type BadLine, LINE_MAX, readMemberships } from "../src/membership_csv.ts";

/** Reads a text that comes in pieces of so many bytes. */
async function read(
  text: string | Uint8Array<ArrayBuffer>,
  pieces = Infinity,
): Promise<{ memberships: Membership[]; bad: BadLine[] }> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const file = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      const length = Math.min(pieces, bytes.length);
      for (let at = 0; at < bytes.length; at += length) controller.enqueue(bytes.slice(at, at + length));
      controller.close();
    },
  });
  const [memberships, bad]: [Membership[], BadLine[]] = [[], []];
  for await (const part of readMemberships(file)) {
    memberships.push(...part.memberships);
    bad.push(...part.bad);
  }
  return { memberships, bad };
}

const shown = ({ userId, segment, expiresAt }: Membership) => `${userId}|${segment}|${expiresAt}`;

Deno.test("a file with a header, one without, and one with its columns in another order hold the same", async () => {
  for (
    const text of [
      "ID,segment,expiredSegment\na,s,1\nb,t,2\n",
      "a,s,1\nb,t,2",
      '\ufeffexpiredsegment," ID",SEGMENT\r\n1,a,s\r\n\r\n2,b,t\r\n',
    ]
  ) {
    const { memberships, bad } = await read(text);
    assert.deepEqual([memberships.map(shown), bad], [["a|s|1", "b|t|2"], []], text);
  }
});

Deno.test("quotes are read as RFC 4180 has them", async () => {
  const { memberships, bad } = await read('"a,b","say ""s""",1\n" c ",ünï 🎉,"2"\nc d," ünï\t🎉 ","2"\n');
  assert.deepEqual(memberships.map(shown), ['a,b|say "s"|1', "c d|ünï 🎉|2"]);
  assert.deepEqual(bad.map(({ line }) => line), [2], "ids are compared exactly, so white space is not taken away");
});

Deno.test("however a file is cut into pieces, it holds the same", async () => {
  const text = 'ID,segment,expiredSegment\r\nünï 🎉,"a,""b",7\r\nbad\r\nx,y,8';
  for (const pieces of [1, 2, 3, 5, 7, 16]) {
    const { memberships, bad } = await read(text, pieces);
    assert.deepEqual(memberships.map(shown), ['ünï 🎉|a,"b|7', "x|y|8"], String(pieces));
    assert.deepEqual(bad.map(({ line }) => line), [3]);
  }
});

Deno.test("each bad line is told by its number and why, and spoils no other", async () => {
  const lines: [string, RegExp | undefined][] = [
    ["a,s,1", undefined],
    ["a,s", /2 fields/],
    ["a,s,1,", /4 fields/],
    ['"a,s,1', /not well-formed/],
    ["b,s,1", undefined],
    ['a"b,s,1', /not well-formed/],
    ['"a"b,s,1', /not well-formed/],
    ["", undefined],
    ["  ", undefined],
    [",s,1", /ID/],
    ["a, ,1", /segment/],
    ["a\u0001,s,1", /ID/],
    ["a\ufffd,s,1", /ID/],
    ["a".repeat(256) + ",s,1", /ID/],
    ["a,s,-1", /expiredSegment/],
    ["a,s,1.5", /expiredSegment/],
    ["a,s,1e3", /expiredSegment/],
    ["a,s,", /expiredSegment/],
    ["a,s,253402300800", /expiredSegment/],
    ["a,s,253402300799", undefined],
    ["ID,segment,expiredSegment", /expiredSegment/],
    ["x".repeat(LINE_MAX + 1), /longer/],
    ["c,s,0", undefined],
  ];
  const { memberships, bad } = await read(lines.map(([line]) => line).join("\n"));
  const wrong = lines.flatMap(([, why], place) => why === undefined ? [] : [{ line: place + 1, why }]);
  assert.deepEqual(bad.map(({ line }) => line), wrong.map(({ line }) => line));
  for (const [index, { why }] of wrong.entries()) assert.match(bad[index]!.why, why);
  assert.deepEqual(memberships.map(shown), ["a|s|1", "b|s|1", "a|s|253402300799", "c|s|0"]);
});

Deno.test("a line without end and bytes that are no text take no memory and end as bad lines", async () => {
  const { memberships, bad } = await read(new Uint8Array(3_000_000).fill(0xff), 65_536);
  assert.deepEqual([memberships.length, bad.length], [0, 1]);
  const tail = await read("y".repeat(1_000_000) + "\na,s,1\n", 65_536);
  assert.deepEqual([tail.memberships.map(shown), tail.bad.map(({ line }) => line)], [["a|s|1"], [1]]);
});
