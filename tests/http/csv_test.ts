import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { csvLine, textCell } from "../../src/http/csv.ts";

Deno.test("csvLine() quotes what must be quoted and ends a line with CR LF", () => {
  const cases: [(string | number)[], string][] = [
    [["a", 1, ""], "a,1,"],
    [["a,b", 'say "x"', "two\nlines", "\r"], '"a,b","say ""x""","two\nlines","\r"'],
    [[" a ", "ünï 🎉", "'"], " a ,ünï 🎉,'"],
  ];
  for (const [cells, line] of cases) assert.equal(csvLine(cells), line + "\r\n");
});

Deno.test("textCell() takes the formula out of a text that a spreadsheet would run", () => {
  for (const text of ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "－1", "＋1", "＠1", "'=1", "'a"]) {
    assert.equal(textCell(text), "'" + text);
  }
  for (const text of ["a=1", "1-1", "a'", " =1", "", "ünï"]) assert.equal(textCell(text), text);
});

Deno.test("property: what csvLine() writes, a reader of CSV reads back", () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('"', ",", "\r\n", '""', "a,b"));
  const lines = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(lines, (lines) => {
    const read = parse(lines.map(csvLine).join(""), { record_delimiter: "\r\n", relax_column_count: true });
    assert.deepEqual(read, lines);
  }));
});
