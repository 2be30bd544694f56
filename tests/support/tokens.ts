/** Tokens for tests: good ones, and those that a node must not take. */
import { SignJWT, UnsecuredJWT } from "jose";
import { Callers } from "../../src/http/auth/callers.ts";
import { Jwts } from "../../src/http/auth/user_tokens.ts";

/** An administrator's token. */
export const ADMIN_TOKEN = "the-token-of-an-admin-in-tests";
/** A service's token. */
export const SERVICE_TOKEN = "the-token-of-a-service-in-tests";
/** What users' tokens are signed with. */
export const JWT_SECRET = "the-secret-of-the-issuer-of-users-tokens-in-tests";

/** The settings by which a node knows them. */
export const TOKEN_ENV = { ADMIN_TOKEN, SERVICE_TOKEN, JWT_SECRET } as const;

const HOUR_S = 3_600;

/** What a token says, beside or in place of what a good one does. */
export type Claims = Readonly<Record<string, unknown>>;

function claimsOf(sub: string, now: number, claims: Claims): Record<string, unknown> {
  return { sub, exp: Math.floor(now / 1_000) + HOUR_S, ...claims };
}

/** A user's token, good for an hour from `now` on (milliseconds since the epoch). @param header beside `alg` */
export function userToken(
  sub: string,
  now: number,
  claims: Claims = {},
  secret: string = JWT_SECRET,
  header: Claims = {},
): Promise<string> {
  const signed = new SignJWT(claimsOf(sub, now, claims)).setProtectedHeader({ alg: "HS256", ...header });
  return signed.sign(new TextEncoder().encode(secret));
}

/** One that says that it needs no signature. */
export function unsignedToken(sub: string, now: number): string {
  return new UnsecuredJWT(claimsOf(sub, now, {})).encode();
}

/** One whose user was changed after it was signed. */
export async function changedToken(sub: string, now: number): Promise<string> {
  const [header, , signature] = (await userToken("someone else", now)).split(".");
  const [, payload] = (await userToken(sub, now)).split(".");
  return `${header}.${payload}.${signature}`;
}

/** Callers who are known by these tokens. */
export function knownCallers(clock: { now(): number }, tokensMax?: number): Callers {
  return new Callers({
    adminToken: ADMIN_TOKEN,
    serviceToken: SERVICE_TOKEN,
    users: Jwts.bySecret(JWT_SECRET, {}, clock, tokensMax),
  });
}

/** The header that shows a token. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}
