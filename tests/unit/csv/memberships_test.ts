import assert from "node:assert/strict";
import type { Membership } from "../../../src/domain/membership.ts";
import { BadHeader, type CsvFormat } from "../../../src/csv/header.ts";
import { BadFile } from "../../../src/csv/lines.ts";
import type { BadLine } from "../../../src/csv/header.ts";
import { LINE_MAX, readMemberships } from "../../../src/csv/memberships.ts";

/** Reads a text that comes in pieces of so many bytes. */
async function read(
  text: string | Uint8Array<ArrayBuffer>,
  pieces = Infinity,
  format: CsvFormat = {},
): Promise<{ memberships: Membership[]; bad: BadLine[]; duplicates: BadLine[] }> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const file = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      const length = Math.min(pieces, bytes.length);
      for (let at = 0; at < bytes.length; at += length) controller.enqueue(bytes.slice(at, at + length));
      controller.close();
    },
  });
  const [memberships, bad, duplicates]: [Membership[], BadLine[], BadLine[]] = [[], [], []];
  for await (const part of readMemberships(file, format)) {
    memberships.push(...part.memberships);
    bad.push(...part.bad);
    duplicates.push(...part.duplicates);
  }
  return { memberships, bad, duplicates };
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
  const bytes = new Uint8Array(3_000_000).fill(0xff);
  bytes.set(new TextEncoder().encode("a,s,1\n"));
  const { memberships, bad } = await read(bytes, 65_536);
  assert.deepEqual([memberships.length, bad.length], [1, 1]);
  const tail = await read("a,s,1\n" + "y".repeat(1_000_000) + "\nb,s,1\n", 65_536);
  assert.deepEqual([tail.memberships.map(shown), tail.bad.map(({ line }) => line)], [["a|s|1", "b|s|1"], [2]]);
});

const NO_BEGINNING: [text: string, message: RegExp][] = [
  [
    "segment,user_id,expires_at\ngold,u1,1900000000\n",
    /must be a header, ID,segment,expiredSegment, or a record of these/,
  ],
  ["ID,segment,expiredSegment,note\na,s,1,x\n", /must be a header/],
  ["ID,segment\na,s\n", /must be a header/],
  ["a,s\na,s,1\n", /must be a header/],
  ["a,s,soon\na,s,1\n", /is "a,s,soon"/],
  [" a,s,1\nb,s,1\n", /must be a header/],
  ['"a,s,1\nb,s,1\n', /must be a header/],
  ["x".repeat(LINE_MAX + 1) + "\na,s,1\n", /must be a header/],
  ["ID;segment;expiredSegment\na;s;1\n", /separated by a semicolon, not by a comma: use --delimiter ';'$/],
  ["a;s;1\nb;s;1\n", /separated by a semicolon/],
  ["ID\tsegment\texpiredSegment\na\ts\t1\n", /separated by a tab, not by a comma: use --delimiter tab$/],
  ["a|s|1\n", /separated by a \|, not by a comma: use --delimiter '\|'$/],
  ["sep=;\r\nID;segment;expiredSegment\r\na;s;1\r\n", /use --delimiter ';'$/],
  ["sep=^\nID^segment^expiredSegment\n", /use --delimiter '\^'$/],
];

for (const [text, message] of NO_BEGINNING) {
  Deno.test(`a file that begins ${JSON.stringify(text.slice(0, 40))} is refused before anything of it is read`, async () => {
    for (const pieces of [Infinity, 3]) {
      await assert.rejects(read(text, pieces), (error) => {
        assert(error instanceof BadHeader);
        assert.match(error.message, message);
        return true;
      });
    }
  });
}

Deno.test("a file without a header is read by the columns and the separator that are given", async () => {
  const format: CsvFormat = { columns: ["segment", "id", "expiredsegment"], delimiter: ";" };
  const { memberships, bad } = await read('gold;u1;1900000000\n"a;b";"u;2";1\nbad\n', Infinity, format);
  assert.deepEqual(memberships.map(shown), ["u1|gold|1900000000", "u;2|a;b|1"]);
  assert.deepEqual(bad, [{ line: 3, why: "has 1 fields, not 3" }]);
  await assert.rejects(
    read("ID;segment;expiredSegment\n", Infinity, format),
    /already names the columns: leave out --columns/,
  );
  const tabs = await read("sep=\t\nID\tsegment\texpiredSegment\na\tx,y\t1", Infinity, { delimiter: "\t" });
  assert.deepEqual(tabs.memberships.map(shown), ["a|x,y|1"]);
  await assert.rejects(
    read("ID,segment,expiredSegment\n", Infinity, { delimiter: ";" }),
    /separated by a comma, not by a semicolon/,
  );
});

Deno.test("a line break in quotes never makes a record of what follows it", async () => {
  const text = 'ID,segment,expiredSegment\na,"Gold\nphantom,gold,1900000000\nClub",1\r\n' +
    'b,"two\r\nlines",2\n"note\n\nx,gold,1\ny",s\nc,s,3\n';
  for (const pieces of [Infinity, 7, 1]) {
    const { memberships, bad } = await read(text, pieces);
    assert.deepEqual(memberships.map(shown), ["a|Gold phantom,gold,1900000000 Club|1", "b|two lines|2", "c|s|3"]);
    assert.deepEqual(bad, [{ line: 7, why: "has 2 fields, not 3" }]);
  }
  const unclosed = await read('a,s,1\n"never\nx,gold,1\ny,gold,1\n');
  assert.deepEqual([unclosed.memberships.map(shown), unclosed.bad.map(({ line }) => line)], [["a|s|1"], [2]]);
  const long = 'a,s,1\n"never\n' + "x,gold,1\n".repeat(LINE_MAX / 8);
  for (const pieces of [Infinity, 100]) {
    await assert.rejects(read(long, pieces), (error) => {
      assert(error instanceof BadFile);
      assert.match(error.message, /^line 2 opens a quote that is not closed within/);
      return true;
    });
  }
});

Deno.test("users who collapse into one are told as duplicates within the file", async () => {
  const text = "1.23457E+17,gold,5\n1.23457E+17,Gold ,5\nother,gold,5\n1.23457E+17,gold,6\n1.23457E+17,silver,6\n";
  const { memberships, bad, duplicates } = await read(text);
  assert.equal(memberships.length, 5, "the last one counts, whatever it is");
  assert.deepEqual([bad, duplicates.map(({ line }) => line)], [[], [2, 4]]);
  assert.match(
    duplicates[1]!.why,
    /^is a duplicate within the file: line 1 already has "1\.23457E\+17" in "gold"; it looks/,
  );
});

Deno.test("a file without a record or a header is told to be empty; a header alone is a file of none", async () => {
  for (const text of ["", "\ufeff", "\n\n"]) {
    await assert.rejects(read(text), /the file is empty/, JSON.stringify(text));
  }
  assert.deepEqual((await read("ID,segment,expiredSegment\n")).memberships, []);
});
