import assert from "node:assert/strict";
import fc from "fast-check";
import { type CouponPart, LINE_MAX, readCoupons } from "../../../src/csv/coupons.ts";
import { BadHeader, type CsvFormat } from "../../../src/csv/header.ts";
import { normalizeName } from "../../../src/domain/name_key.ts";

/** Reads bytes that come in chunks. */
async function read(bytes: Uint8Array, chunk = bytes.length, format: CsvFormat = {}): Promise<CouponPart> {
  const all: CouponPart = { coupons: [], bad: [], duplicates: [], bytes: 0 };
  const chunks = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) => {
    return bytes.slice(at * chunk, (at + 1) * chunk) as Uint8Array<ArrayBuffer>;
  });
  for await (const { coupons, bad, duplicates, bytes } of readCoupons(ReadableStream.from(chunks), format)) {
    all.coupons.push(...coupons);
    all.bad.push(...bad);
    all.duplicates.push(...duplicates);
    Object.assign(all, { bytes });
  }
  return all;
}

const readText = (text: string, chunk?: number, format?: CsvFormat) =>
  read(new TextEncoder().encode(text), chunk, format);

Deno.test("each line is a coupon by its columns; an empty cell is a field that is not there", async () => {
  const { coupons, bad } = await readText(
    '\ufeffName , amount,ends_at\r\n A-1,5,2026-12-01T00:00:00Z\r\n\r\n"B, ""2""",,\r\n007,1,\n',
  );
  assert.deepEqual(bad, []);
  assert.deepEqual(coupons, [
    {
      line: 2,
      fold: "a-1",
      terms: { name: " A-1", amount: 5, startsAt: null, endsAt: Date.UTC(2026, 11, 1) },
    },
    { line: 4, fold: 'b, "2"', terms: { name: 'B, "2"', amount: 1, startsAt: null, endsAt: null } },
    { line: 5, fold: "007", terms: { name: "007", amount: 1, startsAt: null, endsAt: null } },
  ]);
});

Deno.test("bad lines are told by their number, and spoil no other", async () => {
  const lines = [
    ["A", undefined],
    ['"never closed', /not well-formed CSV/],
    ["B,0", /2 fields, but the first line has 1/],
    ["", undefined],
    ["a/b", /^name must be/],
    ['x"y', /not well-formed CSV/],
    ["C", undefined],
    ["\u0001", /^name must be/],
    ["D".repeat(LINE_MAX + 1), /longer than/],
    ["E".repeat(256), /^name must be/],
    ["F", undefined],
  ] as const;
  const text = ["name", ...lines.map(([line]) => line)].join("\n");
  for (const chunk of [undefined, 7, 1]) {
    const { coupons, bad } = await readText(text, chunk);
    assert.deepEqual(coupons.map(({ line, terms: { name } }) => [line, name]), [[2, "A"], [8, "C"], [12, "F"]]);
    const expected = lines.flatMap(([, why], place) => why === undefined ? [] : [[place + 2, why] as const]);
    const sorted = bad.toSorted((a, b) => a.line - b.line);
    assert.deepEqual(sorted.map(({ line }) => line), expected.map(([line]) => line));
    for (const [place, { why }] of sorted.entries()) assert.match(why, expected[place]![1]);
  }
});

Deno.test("terms are checked as those of a POST are", async () => {
  const rows = ["A,0,", "B,1.5,", "C,x,", "D,2147483648,", "E,1,tomorrow", "F,1e3,", "G, 5,", "H,2147483647,"];
  const { coupons, bad } = await readText(["name,amount,starts_at", ...rows].join("\n"));
  assert.deepEqual(coupons.map(({ terms: { name, amount } }) => [name, amount]), [["H", 2_147_483_647]]);
  assert.deepEqual(bad.map(({ line }) => line), [2, 3, 4, 5, 6, 7, 8]);
});

for (const text of ["", "\n\n", "amount\n5", "name,name\nA,B", "name,ammount\nA,5", '"name\nA', "A\nB"]) {
  Deno.test(`a file that begins ${JSON.stringify(text)} is refused as a whole`, async () => {
    await assert.rejects(readText(text), BadHeader);
  });
}

Deno.test("ill-formed UTF-8 makes a bad line, not another name", async () => {
  const { coupons, bad } = await read(new Uint8Array([...new TextEncoder().encode("name\nA\n"), 0xff, 0x0a, 0x42]));
  assert.deepEqual(coupons.map(({ fold }) => fold), ["a", "b"]);
  assert.deepEqual(bad.map(({ line }) => line), [3]);
});

Deno.test("any names come back from a file that has them quoted, however it is cut into chunks", async () => {
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).filter((text) =>
    normalizeName(text) !== undefined
  );
  await fc.assert(
    fc.asyncProperty(fc.array(name, { maxLength: 20 }), fc.integer({ min: 1, max: 9 }), async (all, chunk) => {
      const text = ["name", ...all.map((one) => `"${one.replaceAll('"', '""')}"`)].join("\r\n");
      const { coupons, bad, duplicates } = await readText(text, chunk);
      assert.deepEqual(bad, []);
      const once = [...new Map(all.toReversed().map((one) => [normalizeName(one), one])).values()].toReversed();
      assert.deepEqual(new Set(coupons.map(({ terms }) => terms.name)), new Set(once));
      assert.equal(duplicates.length, all.length - once.length);
    }),
  );
});

for (
  const [text, message] of [
    ["name;amount\nA;5", /separated by a semicolon, not by a comma: use --delimiter ';'$/],
    ["name\tamount\nA\t5", /use --delimiter tab$/],
    ["sep=;\nname;amount\nA;5", /use --delimiter ';'$/],
    ["SPRING-1234\nSPRING-5678", /must name the columns: name, .*, but is "SPRING-1234"/],
    ["", /the file is empty/],
  ] as const
) {
  Deno.test(`a file that begins ${JSON.stringify(text)} is refused, and why is said`, async () => {
    await assert.rejects(readText(text), message);
  });
}

Deno.test("a file without a header is read by the columns and the separator that are given", async () => {
  const { coupons } = await readText('A;5\n"B;C";\n', undefined, { columns: ["name", "amount"], delimiter: ";" });
  assert.deepEqual(coupons.map(({ terms: { name, amount } }) => [name, amount]), [["A", 5], ["B;C", 1]]);
});

Deno.test("a line break in quotes is part of its field, in which it is a blank", async () => {
  const { coupons, bad } = await readText('name,amount\n"Big\nA,5\nSale",2\nB,3\n"x\ny\nz,1\n', 5);
  assert.deepEqual(coupons.map(({ line, terms: { name, amount } }) => [line, name, amount]), [[2, "Big A,5 Sale", 2], [
    5,
    "B",
    3,
  ]]);
  assert.deepEqual(bad.map(({ line }) => line), [6]);
});

Deno.test("names that are one are told as duplicates within the file, and the first one counts", async () => {
  const { coupons, duplicates } = await readText("name,amount\n1.2E+17,1\nA–1,2\n1.2e+17,1\na-1\u200b,9\n");
  assert.deepEqual(coupons.map(({ terms: { amount } }) => amount), [1, 2]);
  assert.deepEqual(duplicates.map(({ line }) => line), [4, 5]);
  assert.match(
    duplicates[0]!.why,
    /line 2 already names "1\.2e\+17"; it looks like a number that a spreadsheet rounded$/,
  );
});
