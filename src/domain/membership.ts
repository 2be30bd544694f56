/** Which memberships of segments can there be, and until when does one live? */
import { normalizeTitle } from "./name_key.ts";

/** The last second of the year 9999, since the Unix epoch: later times have no RFC 3339 form. */
export const EXPIRY_MAX_S = 253_402_300_799;

/** A user's membership of a segment; there is one of each user and segment. */
export interface Membership {
  readonly userId: string;
  /** Its title; titles with one key are one segment. */
  readonly segment: string;
  /** Live while now is before it, in whole seconds since the Unix epoch. */
  readonly expiresAt: number;
}

/** Whether a membership can expire at a time: a whole second from 1970 to 9999. */
export function isExpiry(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= EXPIRY_MAX_S;
}

/** What tells memberships apart: equal for those of one user and segment. */
export function membershipKey({ userId, segment }: Membership): string {
  return `${normalizeTitle(segment)}\x1f${userId}`; // neither holds a control character
}
