import assert from "node:assert/strict";
import { type Options, parse } from "csv-parse/sync";
import fc from "fast-check";
import { csvLine, textCell } from "../../../src/csv/cells.ts";

Deno.test("csvLine() quotes what must be quoted and ends a line with CR LF", () => {
  const cases: [(string | number)[], string][] = [
    [["a", 1, ""], "a,1,"],
    [["a,b", 'say "x"', "two\nlines", "\r"], '"a,b","say ""x""","two\nlines","\r"'],
    [[" a ", "ünï 🎉", "'"], " a ,ünï 🎉,'"],
    [["a;b", "a|b", "a\tb", ";"], '"a;b","a|b","a\tb",";"'],
  ];
  for (const [cells, line] of cases) assert.equal(csvLine(cells), line + "\r\n");
});

Deno.test("textCell() takes the formula out of a text that a spreadsheet would run", () => {
  for (const text of ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx", "＝1", "－1", "＋1", "＠1", "'=1", "'a"]) {
    assert.equal(textCell(text), "'" + text);
  }
  for (const text of ["a=1", "1-1", "a'", " =1", "", "ünï", "a;b", "Sale - 10", "a,b=c", "x;1", "it's;'a'"]) {
    assert.equal(textCell(text), text);
  }
});

Deno.test("textCell() takes it out after each separator within a text too", () => {
  const cases = [
    ["x;=1+1;y", "x;'=1+1;y"],
    ["x,=1", "x,'=1"],
    ["x|+1|-2|@a", "x|'+1|'-2|'@a"],
    ["x\t=1", "x\t'=1"],
    ["x\r\n=1", "x\r\n'=1"],
    ["x;  =1", "x;  '=1"],
    ['x;"=1', "x;\"'=1"],
    ["x;'=1", "x;''=1"],
    ["=1;=2", "'=1;'=2"],
    [";;=1;", ";;'=1;"],
    ["x;＝1", "x;'＝1"],
    ["x\u2028=1", "x\u2028'=1"],
  ] as const;
  for (const [text, cell] of cases) assert.equal(textCell(text), cell, JSON.stringify(text));
});

/** Characters that matter to spreadsheets, and some that do not. */
const odd = fc.string({ unit: fc.constantFrom(..."=+-@'\" ,;|\t\r\nab1＝"), maxLength: 14 });

/** A text again, of what was made a cell of it: as whoever reads the file as data takes the apostrophes off. */
function textOf(cell: string): string {
  const text = /^'['=+\-@\t\r\n＝＋－＠]/.test(cell) ? cell.slice(1) : cell;
  return text.replace(/(?<=[,;|\t\r\n][\s"']*)'(?=[=+\-@＝＋－＠])/g, "");
}

Deno.test("property: a cell is read back as the text that it was made of, once the apostrophes are taken off", () => {
  fc.assert(fc.property(odd, (text) => assert.equal(textOf(textCell(text)), text)), { numRuns: 2_000 });
});

Deno.test("property: wherever a spreadsheet cuts a line, no part of it is a formula", () => {
  fc.assert(
    fc.property(odd, odd, (one, other) => {
      const line = csvLine([textCell(one), "id", textCell(other)]);
      for (const separator of [",", ";", "|", "\t"]) {
        const options: Options<string[], string[]> = {
          delimiter: separator,
          relax_quotes: true,
          relax_column_count: true,
        };
        const parts = [
          ...read(line, options).flat(),
          ...line.split(/[\r\n]/).flatMap((it) => it.split(separator)).map(valueOf),
        ];
        for (const part of parts) assert.doesNotMatch(part, /^[=+\-@＝]/, JSON.stringify([line, part]));
      }
    }),
    { numRuns: 2_000 },
  );
});

/** The cells; none where the line is not CSV by such rules. */
function read(line: string, options: Options<string[], string[]>): string[][] {
  try {
    return parse(line, options);
  } catch {
    return [];
  }
}

/** What a spreadsheet makes of a field: what is quoted, and then what follows the quotes. */
function valueOf(field: string): string {
  const [, quoted, rest] = /^"((?:[^"]|"")*)"(.*)$/s.exec(field) ?? [];
  return quoted === undefined ? field : quoted.replaceAll('""', '"') + rest;
}

Deno.test("property: what csvLine() writes, a reader of CSV reads back", () => {
  const cell = fc.oneof(fc.string(), fc.constantFrom('"', ",", "\r\n", '""', "a,b"));
  const lines = fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(lines, (lines) => {
    const read = parse(lines.map(csvLine).join(""), { record_delimiter: "\r\n", relax_column_count: true });
    assert.deepEqual(read, lines);
  }));
});
