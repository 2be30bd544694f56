/** Identifies the sender of a request by its token: an administrator, a service, or a user. */
import { hash, randomBytes } from "node:crypto";
import { BadRequest } from "../answers/answer.ts";

/** Who sent a request. `open` means that no token was asked for, by this node or for this route. */
export type Caller =
  | { readonly kind: "open" }
  | { readonly kind: "admin" }
  | { readonly kind: "service" }
  /** May act only for the user `sub`. */
  | { readonly kind: "user"; readonly sub: string };

export const OPEN: Caller = { kind: "open" };
const ADMIN: Caller = { kind: "admin" };
const SERVICE: Caller = { kind: "service" };

/** Identifies users by their tokens. */
export interface UserTokens {
  /** The user of a token; synchronously if the token was seen before. @throws BadRequest `invalid_token`, or rejects with it */
  userOf(token: string, digest: string): Caller | Promise<Caller>;
}

/** The tokens and keys by which callers are identified. */
export interface CallerSecrets {
  readonly adminToken: string | undefined;
  readonly serviceToken: string | undefined;
  /** Undefined if users have no tokens. */
  readonly users: UserTokens | undefined;
}

/** RFC 6750, section 2.1, but any visible ASCII character is allowed. */
const BEARER = /^Bearer +([\x21-\x7e]{1,8192})$/i;

export class Callers {
  /**
   * A secret that goes into the digest of each token: a sender cannot choose digests, so the time that a comparison of
   * digests takes reveals nothing about a token.
   */
  readonly #salt = randomBytes(32).toString("base64");
  readonly #users: UserTokens | undefined;
  /** By digest of the configured tokens; undefined if no token is asked for. */
  readonly #known: ReadonlyMap<string, Caller> | undefined;

  /** @param secrets undefined if no token is to be asked for */
  constructor(secrets?: CallerSecrets) {
    if (secrets === undefined) return;
    const { adminToken, serviceToken, users } = secrets;
    const known = new Map<string, Caller>();
    if (serviceToken !== undefined) known.set(this.#digestOf(serviceToken), SERVICE);
    if (adminToken !== undefined) known.set(this.#digestOf(adminToken), ADMIN);
    this.#known = known;
    this.#users = users;
  }

  /**
   * The sender of a request with these headers.
   *
   * @throws BadRequest `unauthenticated` if there is no token, `invalid_token` if it is not valid; or rejects with it
   */
  of(headers: Headers): Caller | Promise<Caller> {
    if (this.#known === undefined) return OPEN;
    const header = headers.get("authorization");
    if (header === null) throw new BadRequest("unauthenticated");
    const token = BEARER.exec(header)?.[1];
    if (token === undefined) throw new BadRequest("invalid_token");
    const digest = this.#digestOf(token);
    const known = this.#known.get(digest);
    if (known !== undefined) return known;
    if (this.#users === undefined) throw new BadRequest("invalid_token");
    return this.#users.userOf(token, digest);
  }

  #digestOf(token: string): string {
    return hash("sha256", this.#salt + token, "base64");
  }
}

/** The scope of the caller's idempotency keys, and its name in the trail: `` (open), `admin`, `service`, `user:<id>`. */
export function scopeOf(caller: Caller): string {
  switch (caller.kind) {
    case "open":
      return "";
    case "user":
      return "user:" + caller.sub;
    default:
      return caller.kind;
  }
}

/** The only user that a caller may act for; undefined if it may act for any. */
export function soleUserOf(caller: Caller): string | undefined {
  return caller.kind === "user" ? caller.sub : undefined;
}

/** Details of `forbidden`: who may act for a user, and who may use a user's code. */
export const OWN =
  "Users may make this request only for themselves; a service or an administrator may make it for any user";
export const OWN_CODE = "Only the user who checked the item out, a service or an administrator may use this code";

/** Checks that a caller may act for a user. @param detail of the refusal @throws BadRequest `forbidden` */
export function actsFor(caller: Caller, userId: string, detail: string = OWN): void {
  if (caller.kind === "user" && caller.sub !== userId) throw new BadRequest("forbidden", detail);
}
