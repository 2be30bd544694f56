/**
 * Who may say that it is of this cluster? Whoever knows its secret and serves from its database: the entries of the
 * registry bear a seal (HMAC, RFC 2104, with SHA-256) of both. Whoever can write
 * there can so add no node that would be shown the secret, but one that was of it once; and nodes on another database, as
 * one that a dump was loaded into, are none of this ring. (A copy of a database's files is not told from its original.)
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Member } from "./member.ts";

/** Seals what nodes say of themselves, and knows what was sealed so. */
export class Seal {
  /** @param database names the one that the cluster serves from */
  constructor(readonly secret: string, readonly database: string) {}

  /** The seal of a node: 64 hexadecimal digits. */
  of({ id, url, incarnation, version }: Member): string {
    const told = JSON.stringify([this.database, id, url, incarnation, version]);
    return createHmac("sha256", this.secret).update(told).digest("hex");
  }

  /** Whether a node was sealed by this secret, for this database. */
  holds(member: Member, seal: unknown): boolean {
    const wanted = new TextEncoder().encode(this.of(member));
    const shown = new TextEncoder().encode(String(seal));
    return shown.length === wanted.length && timingSafeEqual(shown, wanted);
  }
}
