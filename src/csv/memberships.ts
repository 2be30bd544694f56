/** Which memberships does a CSV file hold? `ID,segment,expiredSegment` a line, with a header or without. */
import { columnNames, type CsvFormat, type CsvPart, Header } from "./header.ts";
import { type CsvLine, readLines } from "./lines.ts";
import { EXPIRY_MAX_S, isExpiry, type Membership, membershipKey } from "../domain/membership.ts";
import { isSegment, isUserId, shownTitle, USER_ID_RULE } from "../domain/name_key.ts";
import { quoted } from "../domain/quoted.ts";
import { roundedHint, SeenLines } from "./seen_lines.ts";

/** Longest record, in UTF-16 units: twice what two ids of nothing but quotes take. */
export const LINE_MAX = 4_096;
/** The columns, as they are shown, in their order where there is no header. */
export const MEMBERSHIP_COLUMNS: readonly string[] = ["ID", "segment", "expiredSegment"];
const COLUMNS = columnNames(MEMBERSHIP_COLUMNS);

/** What some lines hold. Duplicates are among the memberships, since the last one counts. */
export interface MembershipPart extends CsvPart {
  readonly memberships: Membership[];
}

/** Reads a file, some lines at a time. @throws BadHeader, BadFile; whatever reading the stream does */
export async function* readMemberships(
  file: ReadableStream<Uint8Array<ArrayBuffer>>,
  format: CsvFormat = {},
): AsyncGenerator<MembershipPart, void> {
  const header = new Header(
    format,
    membershipColumns,
    `be a header, ${MEMBERSHIP_COLUMNS.join()}, or a record of these`,
  );
  const seen = new SeenLines();
  for await (const { lines, bytes } of readLines(file, LINE_MAX, format.delimiter)) {
    const part: MembershipPart = { memberships: [], bad: [], duplicates: [], bytes };
    for (const line of lines) {
      if (header.columns === undefined && !header.takes(line, dataOf)) continue;
      const found = membershipOf(line.fields, header.columns!);
      if (typeof found === "string") part.bad.push({ line: line.line, why: found });
      else addMembership(part, found, line.line, seen);
    }
    yield part;
  }
  if (header.columns === undefined) throw header.empty();
}

function addMembership(part: MembershipPart, membership: Membership, line: number, seen: SeenLines): void {
  part.memberships.push(membership);
  const first = seen.before(membershipKey(membership), line);
  if (first === undefined) return;
  const { userId, segment } = membership;
  const why = `is a duplicate within the file: line ${first} already has ${quoted(userId)} in ${quoted(segment)}` +
    roundedHint(userId);
  part.duplicates.push({ line, why });
}

/** The columns that a record names; undefined where it is no header. */
export function membershipColumns(fields: readonly string[]): string[] | undefined {
  const names = columnNames(fields);
  return names.length === COLUMNS.length && COLUMNS.every((column) => names.includes(column)) ? names : undefined;
}

/** The usual columns, where a record is a membership by them. */
function dataOf(fields: readonly string[]): string[] | undefined {
  return typeof membershipOf(fields, COLUMNS) === "string" ? undefined : COLUMNS;
}

/** The membership of a line, or what is wrong with it. */
function membershipOf(fields: CsvLine["fields"], columns: readonly string[]): Membership | string {
  if (fields === "too_long") return `is longer than ${LINE_MAX} characters`;
  if (fields === "ill_formed") return "is not well-formed CSV";
  if (fields.length !== COLUMNS.length) return `has ${fields.length} fields, not ${COLUMNS.length}`;
  const [userId, segment, expiry] = COLUMNS.map((column) => fields[columns.indexOf(column)]!);
  if (!isUserId(userId)) return `has an invalid ID: it ${USER_ID_RULE}`;
  if (!isSegment(segment)) {
    return "has an invalid segment: it must be a text of 1 to 255 characters, without control characters";
  }
  const expiresAt = /^\d{1,12}$/.test(expiry!) ? Number(expiry) : NaN;
  if (!isExpiry(expiresAt)) return `has an expiredSegment that is not a whole number from 0 to ${EXPIRY_MAX_S}`;
  return { userId, segment: shownTitle(segment), expiresAt };
}
