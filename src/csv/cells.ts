/**
 * How does a value stand in a CSV file? As RFC 4180 has it: quoted where it must be, lines ended by CR LF. What has
 * another separator is quoted too, for programs that separate by it.
 *
 * What users wrote could be taken for a formula by a spreadsheet (OWASP, CSV injection): at the beginning of a cell, and
 * after each separator within it, since a spreadsheet that separates by `;` cuts `x;=1+1` there, whether the cell is
 * quoted or not: to it the quotes stand inside a field. So a `'` is put before the formula. Whoever reads the file as
 * data takes it off again; a `'` that was there before gets another one, so that it is known which to take off.
 *
 * A blank is no such separator: no spreadsheet cuts at it unless told to, and names such as `Sale - 10` are common.
 */

/** At the beginning: also what a spreadsheet takes for the mark of a text, or skips. */
const AT_START = /^['=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/; // full-width forms too: some programs fold them
/** After a separator, and blanks, quotes and apostrophes, which a spreadsheet may skip: where a formula begins. */
const AFTER_SEPARATOR = /(?<=[,;|\t\r\n\v\f\x85\u2028\u2029][\s"']*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])/g;
const SPECIAL = /[",;|\t\r\n]/;

/** A text that a user chose, as a cell of which no spreadsheet takes any part for a formula. */
export function textCell(text: string): string {
  const defused = text.replace(AFTER_SEPARATOR, "'");
  return AT_START.test(text) ? `'${defused}` : defused;
}

/** A line of cells, with its end. */
export function csvLine(cells: readonly (string | number)[]): string {
  const shown = cells.map((cell) => {
    const text = String(cell);
    return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return shown.join() + "\r\n";
}
