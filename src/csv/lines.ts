/**
 * Which records does a CSV file hold? Quoted as RFC 4180 has it: a quoted field may hold line breaks, so that no part of
 * one is ever taken for a record. A quote that is no field's, as its end is followed by something else than a separator,
 * spoils its own line alone.
 */
import { parse } from "csv-parse/sync";

/** A file of which the rest cannot be read. */
export class BadFile extends Error {
  override readonly name = "BadFile";
}

/** A record that is not blank. */
export interface CsvLine {
  /** Where it begins: from 1; blank lines are counted too. */
  readonly line: number;
  /** As it stands in the file. */
  readonly text: string;
  /** What it holds; or why it holds no fields. */
  readonly fields: readonly string[] | "too_long" | "ill_formed";
}

/** Some records, in their order. */
export interface CsvLines {
  readonly lines: readonly CsvLine[];
  /** Bytes of the file that were read so far. */
  readonly bytes: number;
}

/** A record that is not parsed yet. */
type Raw = Omit<CsvLine, "fields"> & { readonly flaw?: "too_long" | "ill_formed" };

/**
 * Whether a text is a whole record: `open` where a quoted field goes on, `broken` where a quoted field is followed by
 * something else than a separator.
 */
function stateOf(text: string, delimiter: string): "whole" | "open" | "broken" {
  if (!text.includes('"')) return "whole";
  for (let at = 0;;) {
    if (text[at] === '"') {
      let end = text.indexOf('"', at + 1);
      while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
      if (end < 0) return "open";
      at = end + 1;
      if (at === text.length) return "whole";
      if (text[at] !== delimiter) return "broken";
    } else {
      at = text.indexOf(delimiter, at);
      if (at < 0) return "whole";
    }
    at++;
  }
}

const withoutReturn = (text: string) => text.endsWith("\r") ? text.slice(0, -1) : text;

/** Puts lines together to records. */
class Records {
  #open: { readonly line: number; readonly texts: string[]; length: number } | undefined;
  #line = 0;

  constructor(readonly max: number, readonly delimiter: string) {}

  /** Takes the next line. @param to where records go @throws BadFile where a quoted field is longer than a record may be */
  add(text: string, to: Raw[]): void {
    this.#add(text, ++this.#line, to);
  }

  #add(text: string, line: number, to: Raw[]): void {
    const open = this.#open;
    if (open === undefined) {
      if (withoutReturn(text).length > this.max) to.push({ line, text: "", flaw: "too_long" });
      else this.#look({ line, texts: [text], length: text.length }, to);
      return;
    }
    open.texts.push(text);
    open.length += text.length + 1;
    if (open.length > this.max) {
      throw new BadFile(
        `line ${open.line} opens a quote that is not closed within ${this.max} characters: nothing from there on was read`,
      );
    }
    this.#look(open, to);
  }

  #look(open: { readonly line: number; readonly texts: string[]; length: number }, to: Raw[]): void {
    const { line, texts } = open;
    const text = withoutReturn(texts.join("\n"));
    const state = stateOf(text, this.delimiter);
    this.#open = state === "open" ? open : undefined;
    if (state === "whole" && text.trim() !== "") to.push({ line, text });
    if (state !== "broken") return;
    to.push({ line, text: withoutReturn(texts[0]!), flaw: "ill_formed" });
    for (const [index, later] of texts.slice(1).entries()) this.#add(later, line + index + 1, to);
  }

  /** The file has ended. */
  end(to: Raw[]): void {
    if (this.#open !== undefined) to.push({ line: this.#open.line, text: this.#open.texts[0]!, flaw: "ill_formed" });
  }
}

/**
 * Reads a file, some records at a time; ill-formed bytes become U+FFFD.
 *
 * @param max longest record, in UTF-16 units
 * @param delimiter one character between fields
 * @throws BadFile; whatever reading the stream does
 */
export async function* readLines(
  file: ReadableStream<Uint8Array<ArrayBuffer>>,
  max: number,
  delimiter: string = ",",
): AsyncGenerator<CsvLines, void> {
  const decoder = new TextDecoder();
  const records = new Records(max, delimiter);
  let rest = "";
  let bytes = 0;
  for await (const chunk of file) {
    bytes += chunk.byteLength;
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!.slice(0, max + 2); // a line without end takes no memory
    const raw: Raw[] = [];
    for (const line of lines) records.add(line, raw);
    yield { lines: parsed(raw, delimiter), bytes };
  }
  const raw: Raw[] = [];
  rest += decoder.decode();
  if (rest !== "") records.add(rest, raw);
  records.end(raw);
  yield { lines: parsed(raw, delimiter), bytes };
}

function parsed(raw: readonly Raw[], delimiter: string): CsvLine[] {
  const fields = recordsOf(raw.filter(({ flaw }) => flaw === undefined).map(({ text }) => text), delimiter).values();
  return raw.map(({ line, text, flaw }) => {
    return { line, text, fields: flaw ?? fields.next().value ?? "ill_formed" };
  });
}

/** The fields of one record; undefined where it is none. */
export function fieldsOf(text: string, delimiter: string): readonly string[] | undefined {
  return recordsOf([text], delimiter)[0];
}

/** Each record's fields; undefined for a text that is no record of its own. */
function recordsOf(texts: readonly string[], delimiter: string): (string[] | undefined)[] {
  if (texts.length === 0) return [];
  try {
    const records: string[][] = parse(texts.join("\n"), {
      delimiter,
      record_delimiter: "\n",
      relax_column_count: true,
    });
    if (records.length === texts.length) return records;
  } catch { // Some record is to blame.
  }
  if (texts.length === 1) return [undefined];
  const middle = texts.length >> 1;
  return [...recordsOf(texts.slice(0, middle), delimiter), ...recordsOf(texts.slice(middle), delimiter)];
}
