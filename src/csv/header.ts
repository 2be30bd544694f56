/** Which columns does a CSV file have? Its first line says so, unless `--columns` does. */
import { type CsvLine, fieldsOf } from "./lines.ts";
import { quoted } from "../domain/quoted.ts";

/** How a file is written. */
export interface CsvFormat {
  /** Of a file without a header; undefined: its first line says so. */
  readonly columns?: readonly string[] | undefined;
  /** One character between fields; by default a comma. */
  readonly delimiter?: string | undefined;
}

/** A line that was not taken, and why. */
export interface BadLine {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

/** What some lines of any file hold. */
export interface CsvPart {
  /** Lines without a record. */
  readonly bad: BadLine[];
  /** Lines whose record an earlier line has too. */
  readonly duplicates: BadLine[];
  /** Bytes of the file read so far. */
  readonly bytes: number;
}

/** The first line is none that such a file can begin with: nothing of the file is read. */
export class BadHeader extends Error {
  override readonly name = "BadHeader";
}

/** Separators that are recognized where another was expected. */
const SEPARATORS: Readonly<Record<string, string>> = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "|" };
/** Of Excel: a first line that names the separator. */
const SEPARATOR_LINE = /^"?sep=(.)"?$/i;

/** A character as it is given to `--delimiter`. */
const argumentOf = (delimiter: string) => delimiter === "\t" ? "tab" : `'${delimiter}'`;

/** Names of columns as they are compared. */
export function columnNames(fields: readonly string[]): string[] {
  return fields.map((field) => field.trim().toLowerCase());
}

/** Reads the first lines of a file. */
export class Header {
  readonly #delimiter: string;
  /** Of the lines that follow; undefined until they are known. */
  columns: readonly string[] | undefined;

  /**
   * @param fits the columns that a header names; undefined where it is none
   * @param must what a first line must be, to go on after "the first line must "
   */
  constructor(
    readonly format: CsvFormat,
    readonly fits: (fields: readonly string[]) => readonly string[] | undefined,
    readonly must: string,
  ) {
    this.#delimiter = format.delimiter ?? ",";
  }

  /**
   * Takes a line before the columns are known.
   *
   * @param isData whether it is a record of a file without a header, and in which columns
   * @returns whether it is a record, to be read by {@linkcode columns}
   * @throws BadHeader
   */
  takes({ text, fields }: CsvLine, isData: (fields: readonly string[]) => readonly string[] | undefined): boolean {
    const [, separator] = SEPARATOR_LINE.exec(text) ?? [];
    if (separator === this.#delimiter) return false;
    if (separator !== undefined) throw this.#otherSeparator(separator);
    const header = typeof fields === "string" ? undefined : this.fits(fields);
    const { columns } = this.format;
    if (columns !== undefined) {
      if (header !== undefined) throw new BadHeader("the first line already names the columns: leave out --columns");
      this.columns = columns;
      return true;
    }
    this.columns = header ?? (typeof fields === "string" ? undefined : isData(fields));
    if (this.columns !== undefined) return header === undefined;
    for (const other of Object.keys(SEPARATORS)) {
      const read = other === this.#delimiter ? undefined : fieldsOf(text, other);
      if (read !== undefined && (this.fits(read) ?? isData(read)) !== undefined) throw this.#otherSeparator(other);
    }
    throw new BadHeader(`the first line must ${this.must}, but is ${shortened(text)}`);
  }

  /** Of a file that has ended before. */
  empty(): BadHeader {
    return new BadHeader(`the file is empty: the first line must ${this.must}`);
  }

  #otherSeparator(separator: string): BadHeader {
    const [is, was] = [separator, this.#delimiter].map((one) => SEPARATORS[one] ?? quoted(one));
    return new BadHeader(
      `fields are separated by a ${is}, not by a ${was}: use --delimiter ${argumentOf(separator)}`,
    );
  }
}

function shortened(text: string): string {
  return quoted(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
