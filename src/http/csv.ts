/**
 * How does a value stand in a CSV file? As RFC 4180 has it: quoted where it must be, lines ended by CR LF.
 *
 * What users wrote could be taken for a formula by a spreadsheet: a text that begins with `=`, `+`, `-`, `@`, `'`, a
 * tab, a carriage return or a line feed gets a `'` before it (OWASP, CSV injection). Whoever reads the file as data takes it off.
 */

const FORMULA = /^['=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/; // their full-width forms too: some programs fold them
const SPECIAL = /[",\r\n]/;

/** A text that a user chose, as a cell that no spreadsheet takes for a formula. */
export function textCell(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}

/** A line of cells, with its end. */
export function csvLine(cells: readonly (string | number)[]): string {
  const shown = cells.map((cell) => {
    const text = String(cell);
    return SPECIAL.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  });
  return shown.join() + "\r\n";
}
