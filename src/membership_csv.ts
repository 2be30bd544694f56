/** Which memberships does a CSV file hold? `ID,segment,expiredSegment` a line, with a header or without. */
import { type CsvLine, readLines } from "./csv_lines.ts";
import { EXPIRY_MAX_S, isExpiry, type Membership } from "./domain/membership.ts";
import { isSegment, shownTitle } from "./domain/name_key.ts";
import { isUserId, USER_ID_RULE } from "./domain/text.ts";

/** Longest line, in UTF-16 units: twice what two ids of nothing but quotes take. */
export const LINE_MAX = 4_096;
/** The columns, in their order where there is no header. */
const COLUMNS = ["id", "segment", "expiredsegment"];

/** A line that holds no membership. */
export interface BadLine {
  /** From 1. */
  readonly line: number;
  readonly why: string;
}

/** What some lines hold. */
export interface CsvPart {
  readonly memberships: Membership[];
  readonly bad: BadLine[];
  /** Bytes of the file that were read so far. */
  readonly bytes: number;
}

/** Reads a file, some lines at a time. @throws whatever reading the stream does */
export async function* readMemberships(file: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<CsvPart, void> {
  let columns: readonly string[] | undefined;
  for await (const { lines, bytes } of readLines(file, LINE_MAX)) {
    const part: CsvPart = { memberships: [], bad: [], bytes };
    for (const { line, fields } of lines) {
      if (columns === undefined && fields !== "too_long") {
        columns = headerOf(fields) ?? COLUMNS;
        if (columns !== COLUMNS) continue;
      }
      const found = membershipOf(fields, columns ?? COLUMNS);
      if (typeof found === "string") part.bad.push({ line, why: found });
      else part.memberships.push(found);
    }
    yield part;
  }
}

/** The columns that a first record names, in lower case; undefined where it is no header. */
function headerOf(fields: CsvLine["fields"]): string[] | undefined {
  if (typeof fields === "string") return undefined;
  const names = fields.map((field) => field.trim().toLowerCase());
  return names.length === COLUMNS.length && COLUMNS.every((column) => names.includes(column)) ? names : undefined;
}

/** The membership of a line, or what is wrong with it. */
function membershipOf(fields: CsvLine["fields"], columns: readonly string[]): Membership | string {
  if (fields === "too_long") return `is longer than ${LINE_MAX} characters`;
  if (fields === "ill_formed") return "is not well-formed CSV";
  if (fields.length !== COLUMNS.length) return `has ${fields.length} fields, not ${COLUMNS.length}`;
  const [userId, segment, expiry] = COLUMNS.map((column) => fields[columns.indexOf(column)]!);
  if (!isUserId(userId)) return `has an ID that is none: it ${USER_ID_RULE}`;
  if (!isSegment(segment)) {
    return "has a segment that is none: it must be a text of 1 to 255 characters, without control characters";
  }
  const expiresAt = /^\d{1,12}$/.test(expiry!) ? Number(expiry) : NaN;
  if (!isExpiry(expiresAt)) return `has an expiredSegment that is no whole number from 0 to ${EXPIRY_MAX_S}`;
  return { userId, segment: shownTitle(segment), expiresAt };
}
