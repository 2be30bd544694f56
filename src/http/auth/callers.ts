/** Who sent a request? Whoever shows the admin's or a service's token, a user by a token of theirs, or no one is asked. */
import { hash, randomBytes } from "node:crypto";
import { BadRequest } from "../answers/answer.ts";

/** Who sent a request. `open`: no one was asked, since this node or the route asks no one. */
export type Caller =
  | { readonly kind: "open" }
  | { readonly kind: "admin" }
  | { readonly kind: "service" }
  /** Acts for the user `sub` alone. */
  | { readonly kind: "user"; readonly sub: string };

/** No one was asked. */
export const OPEN: Caller = { kind: "open" };
const ADMIN: Caller = { kind: "admin" };
const SERVICE: Caller = { kind: "service" };

/** Knows users by their tokens. */
export interface UserTokens {
  /** The user of a token, at once where it was seen before. @throws BadRequest `invalid_token`, in time or at once */
  userOf(token: string, digest: string): Caller | Promise<Caller>;
}

/** By what callers are known. */
export interface CallerSecrets {
  readonly adminToken: string | undefined;
  readonly serviceToken: string | undefined;
  /** Undefined: users have no tokens. */
  readonly users: UserTokens | undefined;
}

/** RFC 6750, section 2.1; of tokens that are no JWT any visible ASCII. */
const BEARER = /^Bearer +([\x21-\x7e]{1,8192})$/i;

/** Tells callers apart. */
export class Callers {
  /**
   * Goes into the digest of each token, and no one knows it: whoever sends tokens cannot choose their digests, so how
   * long two digests take to compare tells nothing of a token.
   */
  readonly #salt = randomBytes(32).toString("base64");
  readonly #users: UserTokens | undefined;
  /** By the digests of the tokens that are known from the start; undefined: no one is asked. */
  readonly #known: ReadonlyMap<string, Caller> | undefined;

  /** @param secrets undefined: no one is asked */
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
   * Who sent a request with these headers.
   *
   * @throws BadRequest `unauthenticated` where it shows no token, `invalid_token` where it shows one that is not good;
   * at once, or by the promise
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

/** Whose idempotency keys they are, and who is named as the one who acted: `` (open), `admin`, `service`, `user:<id>`. */
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

/** The user for whom alone a caller may act; undefined where it may for any. */
export function soleUserOf(caller: Caller): string | undefined {
  return caller.kind === "user" ? caller.sub : undefined;
}

/** Who may act for a user, and who with a user's code. */
export const OWN =
  "Users may make this request only for themselves; a service or an administrator may make it for any user";
export const OWN_CODE = "Only the user who checked the item out, a service or an administrator may use this code";

/** Checks that a caller may act for a user. @param detail who may @throws BadRequest `forbidden` */
export function actsFor(caller: Caller, userId: string, detail: string = OWN): void {
  if (caller.kind === "user" && caller.sub !== userId) throw new BadRequest("forbidden", detail);
}
