/**
 * Verifies users' tokens: JWTs (RFC 7519) that a configured key signed for this service, that have not expired, and that
 * name a user.
 */
import {
  createLocalJWKSet,
  errors,
  type JSONWebKeySet,
  type JWK,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
  type JWTVerifyResult,
} from "jose";
import type { Clock } from "../../ports/mod.ts";
import { isUserId } from "../../domain/name_key.ts";
import type { Caller, UserTokens } from "./callers.ts";
import { BadRequest } from "../answers/answer.ts";

/** Verified tokens that are remembered, first in, first out: about 10 MB. */
export const TOKENS_MAX = 50_000;
/** Algorithms of keys in a key set. None is symmetric, as a public key is not a secret. */
const PUBLIC_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];

const BY_CURVE: Readonly<Record<string, string>> = {
  "P-256": "ES256",
  "P-384": "ES384",
  "P-521": "ES512",
  Ed25519: "EdDSA",
};

/** Minimum size of an RSA key in bits (RFC 7518, sections 3.3 and 3.5). */
const RSA_LEAST = 2_048;

/** What a user's token must contain in addition to the user (RFC 8725, sections 3.8 and 3.9). */
export interface TokenTerms {
  /** The exact `iss`; undefined if whoever signs with the key is trusted. */
  readonly issuer?: string | undefined;
  /** The exact `aud`, or one of them. If undefined, tokens with an audience are refused: they are for others (RFC 7519, 4.1.3). */
  readonly audience?: string | undefined;
}

/** Accepted `typ` values: a JWT or an access token (RFC 9068). Others have another purpose (RFC 8725, 3.11). */
const TYPES = /^(application\/)?(at\+)?jwt$/i;

/** Checks a token's signature, times, issuer, audience and type at the given time. */
type Verify = (token: string, now: Date) => Promise<JWTPayload>;

interface Known {
  readonly caller: Caller;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** The key set is not usable. */
export class BadKeySet extends Error {
  override readonly name = "BadKeySet";
}

/** Verifies each user's token once. */
export class Jwts implements UserTokens {
  /** By digest; the tokens themselves are not kept. */
  readonly #known = new Map<string, Known>();

  private constructor(
    readonly verify: Verify,
    readonly clock: Pick<Clock, "now">,
    readonly tokensMax: number,
  ) {}

  /** For tokens signed with a shared secret: HS256 only. */
  static bySecret(
    secret: string,
    terms: TokenTerms,
    clock: Pick<Clock, "now">,
    tokensMax: number = TOKENS_MAX,
  ): Jwts {
    const key = new TextEncoder().encode(secret);
    const verify: Verify = async (token, now) =>
      checked(await jwtVerify(token, key, optionsOf(["HS256"], terms, now)), terms);
    return new Jwts(verify, clock, tokensMax);
  }

  /**
   * For tokens signed with the private half of one of these keys; keys for encryption are skipped.
   *
   * @param text a JSON Web Key Set (RFC 7517)
   * @throws BadKeySet if it is not one, or has a key that is not public or cannot verify any token
   */
  static async byKeys(
    text: string,
    terms: TokenTerms,
    clock: Pick<Clock, "now">,
    tokensMax: number = TOKENS_MAX,
  ): Promise<Jwts> {
    const keys = await keySetOf(text);
    const verify: Verify = async (token, now) =>
      checked(await jwtVerify(token, keys, optionsOf(PUBLIC_ALGORITHMS, terms, now)), terms);
    return new Jwts(verify, clock, tokensMax);
  }

  /** Number of tokens that are remembered. */
  get size(): number {
    return this.#known.size;
  }

  userOf(token: string, digest: string): Caller | Promise<Caller> {
    const known = this.#known.get(digest);
    if (known === undefined) return this.#verified(token, digest);
    if (this.clock.now() < known.expiresAt) return known.caller;
    this.#known.delete(digest);
    throw new BadRequest("invalid_token");
  }

  async #verified(token: string, digest: string): Promise<Caller> {
    let payload: JWTPayload;
    try {
      payload = await this.verify(token, new Date(this.clock.now()));
    } catch {
      throw new BadRequest("invalid_token");
    }
    const { sub, exp } = payload;
    if (!isUserId(sub)) throw new BadRequest("invalid_token");
    const caller: Caller = { kind: "user", sub };
    if (this.#known.size >= this.tokensMax) this.#known.delete(this.#known.keys().next().value!);
    this.#known.set(digest, { caller, expiresAt: exp! * 1_000 });
    return caller;
  }
}

function optionsOf(algorithms: string[], { issuer, audience }: TokenTerms, currentDate: Date): JWTVerifyOptions {
  return {
    algorithms,
    currentDate,
    requiredClaims: ["exp", "sub"],
    ...issuer !== undefined && { issuer },
    ...audience !== undefined && { audience },
  };
}

/** Checks what jose leaves to its callers. @throws TypeError */
function checked(
  { payload, protectedHeader: { typ } }: JWTVerifyResult,
  { audience }: TokenTerms,
): JWTPayload {
  if (typ !== undefined && !(typeof typ === "string" && TYPES.test(typ))) throw new TypeError("It is of another type");
  if (audience === undefined && "aud" in payload) throw new TypeError("It is for another audience");
  return payload;
}

/** The algorithm of a key that does not name one; undefined if it cannot verify signatures. */
function algorithmOf({ kty, crv, alg }: JWK): string | undefined {
  if (alg !== undefined) return PUBLIC_ALGORITHMS.includes(alg) ? alg : undefined;
  return kty === "RSA" ? "RS256" : BY_CURVE[crv ?? ""];
}

type KeySet = ReturnType<typeof createLocalJWKSet>;

async function keySetOf(text: string): Promise<KeySet> {
  const { keys } = parsed(text);
  if (!Array.isArray(keys)) throw new BadKeySet("it holds no keys");
  // Errors name a key by its place in the file.
  const signing = [...keys.entries()].filter(([, key]) => !isForEncryption(key));
  if (signing.length === 0) throw new BadKeySet("it holds no keys to verify with");
  for (const [place, key] of signing) {
    if (algorithmOf(key ?? {}) === undefined || "d" in key) {
      throw new BadKeySet(`its key ${place + 1} is no public signing key`);
    }
  }
  const keySet = createLocalJWKSet({ keys: signing.map(([, key]) => key) });
  for (const [place, key] of signing) {
    const flaw = await flawOf(keySet, key);
    if (flaw !== undefined) throw new BadKeySet(`its key ${place + 1} ${flaw}`);
  }
  return keySet;
}

/** The public key of a pair for encryption. */
function isForEncryption(key: JWK | null): boolean {
  return key?.use === "enc" && key.d === undefined;
}

/** Why a key of the set cannot verify any token; undefined if it can. */
async function flawOf(keySet: KeySet, key: JWK): Promise<string | undefined> {
  try {
    const { algorithm } = await keySet({ alg: algorithmOf(key)!, ...key.kid !== undefined && { kid: key.kid } });
    const { modulusLength = RSA_LEAST } = algorithm as Partial<RsaKeyAlgorithm>;
    return modulusLength < RSA_LEAST ? `is too short: it has ${modulusLength} of ${RSA_LEAST} bits` : undefined;
  } catch (error) {
    const isAmbiguous = error instanceof errors.JWKSMultipleMatchingKeys;
    return isAmbiguous ? "cannot be told from another: it needs a kid of its own" : "cannot be read";
  }
}

function parsed(text: string): Partial<JSONWebKeySet> {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new BadKeySet("it is not JSON");
  }
}
