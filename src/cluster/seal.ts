/**
 * Who may say that it is of this cluster? Whoever knows its secret and serves from its database: the entries of the
 * registry bear a seal, a code of the node's incarnation and of the time until which it holds. So whoever can write there
 * can add no node, and bring none back that has gone; and nodes on another database, as one that a dump was loaded into,
 * are none of this ring. (A copy of a database's files is not told from its original.) A seal only says whom to dial: who
 * listens there must prove the same again.
 */
import { bytesOf, deriveKey, hexOf, isSameMac, MAC_BYTES, macOf } from "./keys.ts";
import type { Member } from "./member.ts";

/** Seals what nodes say of themselves, and knows what was sealed so. */
export class Seal {
  readonly #key: Uint8Array;

  /** @param database names the one that the cluster serves from */
  constructor(secret: string, database: string) {
    this.#key = deriveKey(secret, ["registry", database]);
  }

  /** The seal of a node: 64 hexadecimal digits. @param until milliseconds since the epoch, by Postgres's clock */
  of(member: Member, until: number): string {
    return hexOf(this.#codeOf(member, until));
  }

  /** Whether a node was sealed by this secret, for this database, until then. */
  holds(member: Member, until: number, seal: unknown): boolean {
    const shown = bytesOf(seal, MAC_BYTES);
    return shown !== undefined && isSameMac(shown, this.#codeOf(member, until));
  }

  #codeOf({ id, url, incarnation, version }: Member, until: number): Uint8Array {
    return macOf(this.#key, JSON.stringify([id, url, incarnation, version, until]));
  }
}
