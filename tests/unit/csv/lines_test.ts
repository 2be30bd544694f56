import assert from "node:assert/strict";
import fc from "fast-check";
import { csvLine } from "../../../src/csv/cells.ts";
import { readLines } from "../../../src/csv/lines.ts";
import { SeenLines } from "../../../src/csv/seen_lines.ts";

async function read(text: string, chunk: number, delimiter = ","): Promise<[line: number, fields: unknown][]> {
  const bytes = new TextEncoder().encode(text);
  const chunks = Array.from(
    { length: Math.ceil(bytes.length / chunk) },
    (_, at) => bytes.slice(at * chunk, (at + 1) * chunk),
  );
  const all: [number, unknown][] = [];
  for await (const { lines } of readLines(ReadableStream.from(chunks), 1_000, delimiter)) {
    all.push(...lines.map(({ line, fields }) => [line, fields] as [number, unknown]));
  }
  return all;
}

const cell = fc.string({ unit: fc.constantFrom(..."a\"',; \n\r="), maxLength: 6 });

Deno.test("property: every record comes back from what was written, with the line where it begins, however it is cut", async () => {
  const rows = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), async (rows, chunk) => {
      const lines = rows.map(csvLine);
      const begins = lines.map((_, place) => lines.slice(0, place).join("").split("\n").length);
      assert.deepEqual(await read(lines.join(""), chunk), rows.map((row, place) => [begins[place], row]));
    }),
  );
});

Deno.test("property: no record holds a part of a quoted field, whatever stands around it", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { maxLength: 5 }), fc.integer({ min: 1, max: 9 }), async (cells, chunk) => {
      const field = `${cells.join("\n")}\nphantom,record\n${cells.join("\r\n")}`;
      const text = `a,b\nc,"${field.replaceAll('"', '""')}"\nd,e\n`;
      const records = await read(text, chunk);
      assert.deepEqual(records.map(([, fields]) => fields), [["a", "b"], ["c", field], ["d", "e"]]);
    }),
  );
});

Deno.test("a quote that no separator follows spoils its own line alone, as far as lines are known", async () => {
  const text = 'a,"b\nc,d\ne,"f"g\nh,"i\nj"\nk"l,m\n';
  for (const chunk of [1, 4, 100]) {
    const records = await read(text, chunk);
    assert.deepEqual(records, [[1, "ill_formed"], [2, ["c", "d"]], [3, "ill_formed"], [4, ["h", "i\nj"]], [
      6,
      "ill_formed",
    ]]);
  }
});

Deno.test("fields are separated by what is given, and quoted all the same", async () => {
  assert.deepEqual(
    await read('a;"b;\nc",d;e\nf,g', 3, ";"),
    [[1, "ill_formed"], [2, "ill_formed"], [3, ["f,g"]]].slice(0, 3),
  );
  assert.deepEqual(await read('a;"b;\nc";e\nf,g', 3, ";"), [[1, ["a", "b;\nc", "e"]], [3, ["f,g"]]]);
  assert.deepEqual(await read('a\t"b\t"\n', 3, "\t"), [[1, ["a", "b\t"]]]);
});

Deno.test("SeenLines tells the first line of each text, of a hundred thousand", () => {
  const seen = new SeenLines();
  for (let n = 0; n < 100_000; n++) assert.equal(seen.before(`gold\x1fuser-${n}`, n + 1), undefined, String(n));
  for (let n = 0; n < 100_000; n += 7) assert.equal(seen.before(`gold\x1fuser-${n}`, 200_000), n + 1);
  fc.assert(fc.property(fc.array(fc.string()), (texts) => {
    const lines = new SeenLines();
    for (const [at, text] of texts.entries()) {
      const first = texts.indexOf(text);
      assert.equal(lines.before(text, at + 1), first === at ? undefined : first + 1);
    }
  }));
});
