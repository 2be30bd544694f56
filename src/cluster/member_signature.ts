/**
 * How does a node know that a registry entry is of its cluster? By a signature (HMAC) with the cluster's secret, which
 * covers the node's incarnation and the time until which the entry holds. So whoever can write to the registry can add
 * no node and bring none back that has gone, and nodes on another database, such as one that a dump was loaded into,
 * are not of this ring. (A copy of a database's files cannot be told from its original.) A signature only says whom to
 * dial: who listens there must prove the same again.
 */
import { bytesOf, deriveKey, isSameMac, MAC_BYTES, macOf } from "./keys.ts";
import type { Member } from "./member.ts";

/** Signs members for the registry, and verifies their signatures. */
export class MemberSignature {
  readonly #key: Uint8Array;

  /** @param database names the one that the cluster serves from */
  constructor(secret: string, database: string) {
    this.#key = deriveKey(secret, ["registry", database]);
  }

  /** Signs a member: 64 hexadecimal digits. @param until milliseconds since the epoch, by PostgreSQL's clock */
  of(member: Member, until: number): string {
    return this.#macOf(member, until).toHex();
  }

  /** Whether a member was signed with this secret, for this database and until then. */
  holds(member: Member, until: number, signature: unknown): boolean {
    const shown = bytesOf(signature, MAC_BYTES);
    return shown !== undefined && isSameMac(shown, this.#macOf(member, until));
  }

  #macOf({ id, url, incarnation, version }: Member, until: number): Uint8Array {
    return macOf(this.#key, JSON.stringify([id, url, incarnation, version, until]));
  }
}
