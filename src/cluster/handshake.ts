/**
 * How do two nodes prove to each other that they know the cluster's secret, and serve from one database, without
 * showing it? In four messages, each a JSON array, over nonces of both:
 *
 *     dialling node                                        listening node
 *     ["doorbuster", min, max, nonce]              ->
 *                                                  <-      [version, min, max, nonce]
 *     [member, proof]                              ->
 *                                                  <-      [member, proof]
 *
 * A proof is an HMAC of its sender's role and of all messages before it, the sender's member included, so a message
 * that was recorded, reflected or changed on the way (a version, say) proves nothing. The node that dials proves first:
 * a stranger who connects learns nothing. The session keys come from the secret, both nonces and the whole exchange.
 *
 * This file has the messages only, no network.
 */
import { createHash } from "node:crypto";
import { bytesOf, deriveKey, isSameMac, MAC_BYTES, macOf } from "./keys.ts";
import { type Member, memberOf, PROTOCOL, PROTOCOL_MIN } from "./member.ts";
import { parsedJson } from "./received.ts";
import { Session } from "./session.ts";

/** Longest message of a handshake, in bytes. */
export const HANDSHAKE_MAX = 2_048;
const NONCE_BYTES = 32;
const MAGIC = "doorbuster";
/** Says that there is no common version. */
const NONE = 0;
/** Ends the first message: a server of HTTP answers it at once, and so is recognized. */
const END = "\r\n\r\n";

/** The versions of the peers' protocol that a node speaks. */
export interface Versions {
  readonly min: number;
  readonly max: number;
}

/** What a node proves to its peers, and expects of them. */
export interface Trust {
  readonly secret: string;
  /** Names the database that the cluster serves from. */
  readonly database: string;
  readonly self: Member;
  /** Default: {@linkcode PROTOCOL_MIN} to {@linkcode PROTOCOL}. */
  readonly versions?: Versions;
}

/** The other end is not a peer of this node. */
export class NoPeer extends Error {
  override readonly name = "NoPeer";
}

/** The highest common version; 0 if there is none. */
export function agreed(a: Versions, b: Versions): number {
  const version = Math.min(a.max, b.max);
  return version >= Math.max(a.min, b.min) ? version : NONE;
}

type Role = "dials" | "listens";

/** The messages so far, and what is derived from them. */
class Exchange {
  readonly nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  readonly versions: Versions;
  readonly #said: string[] = [];
  #version = NONE;
  #salt: Uint8Array = new Uint8Array();

  constructor(readonly trust: Trust) {
    this.versions = trust.versions ?? { min: PROTOCOL_MIN, max: PROTOCOL };
  }

  get offer(): [min: number, max: number, nonce: string] {
    return [this.versions.min, this.versions.max, this.nonce.toHex()];
  }

  say(text: string): string {
    this.#said.push(text);
    return text;
  }

  /** Fixes the version and the salt, once both nonces are known. */
  agree(version: number, dialling: Uint8Array, listening: Uint8Array): void {
    this.#version = version;
    this.#salt = new Uint8Array([...dialling, ...listening]);
  }

  /** The message with this node's member and proof. */
  prove(role: Role): string {
    const self = this.say(JSON.stringify(this.trust.self));
    return JSON.stringify([self, this.#proof(role).toHex()]);
  }

  /** The other end's proved member. @throws NoPeer */
  believe(role: Role, message: string): Member {
    const [told, shown] = partsOf(message, 2);
    if (typeof told !== "string") throw new NoPeer("A member must be a string");
    this.say(told);
    const proof = bytesOf(shown, MAC_BYTES);
    if (proof === undefined || !isSameMac(proof, this.#proof(role))) {
      throw new NoPeer("The other end has another CLUSTER_SECRET or another database");
    }
    const member = memberOf(parsedJson(told));
    if (member === undefined) throw new NoPeer("The other end sent no valid member");
    return member;
  }

  session(remote: Member, role: Role): Session {
    const dials = this.#keyOf("from the one that dials", this.#digest());
    const listens = this.#keyOf("from the one that listens", this.#digest());
    const [seals, opens] = role === "dials" ? [dials, listens] : [listens, dials];
    return new Session(remote, this.#version, seals, opens);
  }

  #proof(role: Role): Uint8Array {
    return macOf(this.#keyOf("proof"), JSON.stringify([role, this.#digest()]));
  }

  #digest(): string {
    return createHash("sha256").update(JSON.stringify(this.#said)).digest("hex");
  }

  #keyOf(...purpose: string[]): Uint8Array {
    return deriveKey(this.trust.secret, ["peers", this.trust.database, ...purpose], this.#salt);
  }
}

/** The end that dials. Its methods are called in this order, each with the other end's next message. */
export class Dialling {
  readonly #exchange: Exchange;
  /** The first message. */
  readonly hello: string;

  constructor(trust: Trust) {
    this.#exchange = new Exchange(trust);
    this.hello = this.#exchange.say(JSON.stringify([MAGIC, ...this.#exchange.offer]) + END);
  }

  /** @throws NoPeer */
  prove(challenge: string): string {
    const [version, min, max, shown] = partsOf(challenge, 4);
    const [nonce, theirs] = [bytesOf(shown, NONCE_BYTES), versionsOf(min, max)];
    if (nonce === undefined || theirs === undefined) throw new NoPeer("The other end does not speak the peer protocol");
    const { versions } = this.#exchange;
    const wanted = agreed(versions, theirs);
    if (wanted === NONE) {
      throw new NoPeer(
        `The other end speaks versions ${theirs.min} to ${theirs.max}, this node ${versions.min} to ${versions.max}`,
      );
    }
    if (version !== wanted) throw new NoPeer("The other end did not choose the highest version that both speak");
    this.#exchange.say(challenge);
    this.#exchange.agree(wanted, this.#exchange.nonce, nonce);
    return this.#exchange.prove("dials");
  }

  /** @throws NoPeer */
  end(welcome: string): Session {
    return this.#exchange.session(this.#exchange.believe("listens", welcome), "dials");
  }
}

/** The end that listens. Its methods are called in this order, each with the other end's next message. */
export class Listening {
  readonly #exchange: Exchange;

  constructor(trust: Trust) {
    this.#exchange = new Exchange(trust);
  }

  /** @returns the answer, and whether there is a common version @throws NoPeer */
  challenge(hello: string): { readonly message: string; readonly isAgreed: boolean } {
    const [magic, min, max, shown] = partsOf(hello, 4);
    const [nonce, theirs] = [bytesOf(shown, NONCE_BYTES), versionsOf(min, max)];
    if (magic !== MAGIC || nonce === undefined || theirs === undefined) {
      throw new NoPeer("The other end does not speak the peer protocol");
    }
    const version = agreed(this.#exchange.versions, theirs);
    this.#exchange.say(hello);
    this.#exchange.agree(version, nonce, this.#exchange.nonce);
    const message = this.#exchange.say(JSON.stringify([version, ...this.#exchange.offer]));
    return { message, isAgreed: version !== NONE };
  }

  /** @throws NoPeer */
  end(claim: string): { readonly message: string; readonly session: Session } {
    const remote = this.#exchange.believe("dials", claim);
    return { message: this.#exchange.prove("listens"), session: this.#exchange.session(remote, "listens") };
  }
}

function partsOf(message: string, count: number): unknown[] {
  const parts = parsedJson(message);
  if (!Array.isArray(parts) || parts.length !== count) {
    throw new NoPeer("The other end does not speak the peer protocol");
  }
  return parts;
}

function versionsOf(min: unknown, max: unknown): Versions | undefined {
  const are = Number.isSafeInteger(min) && Number.isSafeInteger(max) && (min as number) >= 1 &&
    (max as number) >= (min as number);
  return are ? { min: min as number, max: max as number } : undefined;
}
