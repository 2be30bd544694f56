/** Whom does the edge take a caller for, by the tokens that it shows? */
import assert from "node:assert/strict";
import { exportJWK, exportSPKI, generateKeyPair, type JWK, SignJWT } from "jose";
import { type Caller, Callers, scopeOf, type UserTokens } from "../../../src/http/auth/callers.ts";
import { BadKeySet, Jwts } from "../../../src/http/auth/user_tokens.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import {
  ADMIN_TOKEN,
  changedToken,
  JWT_SECRET,
  knownCallers,
  SERVICE_TOKEN,
  unsignedToken,
  userToken,
} from "../../support/tokens.ts";

/** Whose keys they would be, or the code of the refusal. */
async function told(callers: Callers, authorization?: string): Promise<string> {
  const headers = new Headers(authorization === undefined ? {} : { authorization });
  try {
    return scopeOf(await callers.of(headers)) || "open";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

Deno.test("of() asks no one where no token is set, whatever is shown", async () => {
  const open = new Callers();
  for (const shown of [undefined, "Bearer nonsense", `Bearer ${ADMIN_TOKEN}`]) {
    assert.equal(await told(open, shown), "open");
  }
});

Deno.test("of() knows the admin, a service and users by their tokens, and no one else", async () => {
  const clock = new FakeClock();
  const callers = knownCallers(clock);
  const now = clock.now();
  const user = await userToken("user_1", now);
  const cases: [string, string | undefined, string][] = [
    ["nothing", undefined, "unauthenticated"],
    ["the admin's", `Bearer ${ADMIN_TOKEN}`, "admin"],
    ["the service's", `Bearer ${SERVICE_TOKEN}`, "service"],
    ["in any case of the scheme, after any blanks", `bEARER   ${SERVICE_TOKEN}`, "service"],
    ["a user's", `Bearer ${user}`, "user:user_1"],
    ["of a user called admin", `Bearer ${await userToken("admin", now)}`, "user:admin"],
    ["not yet over", `Bearer ${await userToken("u", now, { exp: now / 1_000 + 1 })}`, "user:u"],
    ["good from now on", `Bearer ${await userToken("u", now, { nbf: now / 1_000 })}`, "user:u"],
    ["the beginning of the admin's", `Bearer ${ADMIN_TOKEN.slice(0, -1)}`, "invalid_token"],
    ["more than the admin's", `Bearer ${ADMIN_TOKEN}x`, "invalid_token"],
    ["in another case", `Bearer ${ADMIN_TOKEN.toUpperCase()}`, "invalid_token"],
    ["without its scheme", ADMIN_TOKEN, "invalid_token"],
    ["of another scheme", `Basic ${btoa("admin:" + ADMIN_TOKEN)}`, "invalid_token"],
    ["two at once", `Bearer ${ADMIN_TOKEN}, Bearer ${SERVICE_TOKEN}`, "invalid_token"],
    ["none", "Bearer ", "invalid_token"],
    ["too long", `Bearer ${"x".repeat(8_193)}`, "invalid_token"],
    ["signed with another secret", `Bearer ${await userToken("u", now, {}, JWT_SECRET + "x")}`, "invalid_token"],
    ["changed after it was signed", `Bearer ${await changedToken("u", now)}`, "invalid_token"],
    ["alg none", `Bearer ${unsignedToken("u", now)}`, "invalid_token"],
    ["over this very second", `Bearer ${await userToken("u", now, { exp: now / 1_000 })}`, "invalid_token"],
    ["without an end", `Bearer ${await userToken("u", now, { exp: undefined })}`, "invalid_token"],
    ["with an end that is a text", `Bearer ${await userToken("u", now, { exp: "9999999999" })}`, "invalid_token"],
    ["not good yet", `Bearer ${await userToken("u", now, { nbf: now / 1_000 + 1 })}`, "invalid_token"],
    ["of no one", `Bearer ${await userToken("u", now, { sub: undefined })}`, "invalid_token"],
    ["of a number", `Bearer ${await userToken("u", now, { sub: 7 })}`, "invalid_token"],
    ["of a blank", `Bearer ${await userToken(" ", now)}`, "invalid_token"],
    ["of an id with a control character", `Bearer ${await userToken("a\u0000b", now)}`, "invalid_token"],
  ];
  for (const [name, shown, expected] of cases) {
    for (const time of ["first", "second"]) assert.equal(await told(callers, shown), expected, `${name}, ${time} time`);
  }
});

Deno.test("of() takes HS256 alone where users' tokens are signed with a secret", async () => {
  const clock = new FakeClock();
  const secret = JWT_SECRET.padEnd(64, "x");
  const users = Jwts.bySecret(secret, {}, clock);
  const callers = new Callers({ adminToken: undefined, serviceToken: undefined, users });
  for (const alg of ["HS256", "HS384", "HS512"]) {
    const claims = new SignJWT({ sub: "u", exp: clock.now() / 1_000 + 60 }).setProtectedHeader({ alg });
    const token = await claims.sign(new TextEncoder().encode(secret));
    assert.equal(await told(callers, `Bearer ${token}`), alg === "HS256" ? "user:u" : "invalid_token", alg);
  }
});

Deno.test("of() knows the kinds of callers alone that have a token", async () => {
  const clock = new FakeClock();
  const user = await userToken("u", clock.now());
  const none = { adminToken: undefined, serviceToken: undefined, users: undefined };
  const all = { adminToken: ADMIN_TOKEN, serviceToken: SERVICE_TOKEN, users: Jwts.bySecret(JWT_SECRET, {}, clock) };
  const shown = { adminToken: ADMIN_TOKEN, serviceToken: SERVICE_TOKEN, users: user };
  const known = { adminToken: "admin", serviceToken: "service", users: "user:u" };
  for (const one of ["adminToken", "serviceToken", "users"] as const) {
    const callers = new Callers({ ...none, [one]: all[one] });
    for (const other of ["adminToken", "serviceToken", "users"] as const) {
      const expected = one === other ? known[one] : "invalid_token";
      assert.equal(await told(callers, `Bearer ${shown[other]}`), expected, `${other} where ${one} alone is known`);
    }
    assert.equal(await told(callers, "Bearer undefined"), "invalid_token");
  }
});

Deno.test("of() tells tokens apart by digests that no one can foresee, the same for the same token", async () => {
  const digests: string[] = [];
  const users: UserTokens = { userOf: (_, digest) => (digests.push(digest), { kind: "user", sub: "u" }) };
  for (let process = 0; process < 2; process++) {
    const callers = new Callers({ adminToken: ADMIN_TOKEN, serviceToken: SERVICE_TOKEN, users });
    for (const shown of ["a", "a", "b"]) await callers.of(new Headers({ authorization: `Bearer ${shown}` }));
  }
  const [a, again, b, elsewhere] = digests;
  assert.equal(a, again);
  assert.equal(new Set([a, b, elsewhere]).size, 3, "another process's are others");
});

Deno.test("userOf() verifies a token once, until it is over", async () => {
  const clock = new FakeClock();
  let verified = 0;
  const tokens = Jwts.bySecret(JWT_SECRET, {}, clock);
  const { verify } = tokens;
  Object.assign(tokens, { verify: (...args: Parameters<typeof verify>) => (verified++, verify(...args)) });
  const token = await userToken("u", clock.now());
  const first = tokens.userOf(token, "digest");
  assert(first instanceof Promise);
  await first;
  clock.epoch += 3_599_999;
  assert.deepEqual(tokens.userOf(token, "digest"), { kind: "user", sub: "u" }, "at once");
  assert.equal(verified, 1);
  clock.epoch += 1;
  assert.throws(() => tokens.userOf(token, "digest"), { code: "invalid_token" });
  await assert.rejects(async () => await tokens.userOf(token, "digest"), { code: "invalid_token" });
  assert.equal(tokens.size, 0);
});

Deno.test("userOf() remembers good tokens alone, and so many of them", async () => {
  const clock = new FakeClock();
  const tokens = Jwts.bySecret(JWT_SECRET, {}, clock, 3);
  for (let n = 0; n < 10; n++) await tokens.userOf(await userToken(`u${n}`, clock.now()), `digest ${n}`);
  assert.equal(tokens.size, 3);
  assert(!(tokens.userOf(await userToken("u9", clock.now()), "digest 9") instanceof Promise), "the last is known");
  for (let n = 0; n < 10; n++) await assert.rejects(async () => await tokens.userOf(`forged ${n}`, `forged ${n}`));
  assert(
    !(tokens.userOf(await userToken("u7", clock.now()), "digest 7") instanceof Promise),
    "none was forgotten for it",
  );
});

const ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"];

type Key = Awaited<ReturnType<typeof generateKeyPair>>["privateKey"];

async function keysOf(algorithms: readonly string[]): Promise<{ key: Key; publicKey: Key; jwk: JWK }[]> {
  return await Promise.all(algorithms.map(async (alg) => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    return { key: privateKey, publicKey, jwk: { ...await exportJWK(publicKey), kid: alg } };
  }));
}

function signed(alg: string, key: Key | Uint8Array, now: number, kid: string = alg): Promise<string> {
  return new SignJWT({ sub: "u", exp: now / 1_000 + 60 }).setProtectedHeader({ alg, kid }).sign(key);
}

Deno.test("of() takes what a key of the set signed, by its algorithm, and nothing else", async () => {
  const clock = new FakeClock();
  const now = clock.now();
  const keys = await keysOf(ALGORITHMS);
  const [stranger] = await keysOf(["ES256"]);
  const users = await Jwts.byKeys(JSON.stringify({ keys: keys.map(({ jwk }) => jwk) }), {}, clock);
  const callers = new Callers({ adminToken: ADMIN_TOKEN, serviceToken: undefined, users });
  for (const [place, alg] of ALGORITHMS.entries()) {
    assert.equal(await told(callers, `Bearer ${await signed(alg, keys[place]!.key, now)}`), "user:u", alg);
  }
  const rsa = keys[0]!;
  // The old trick: a public key is taken for the secret of an HMAC.
  const asSecrets = [await exportSPKI(rsa.publicKey), JSON.stringify(rsa.jwk), rsa.jwk.n!];
  for (const secret of asSecrets) {
    const token = await signed("HS256", new TextEncoder().encode(secret), now, "RS256");
    assert.equal(await told(callers, `Bearer ${token}`), "invalid_token", "HS256 by a public key");
  }
  for (
    const token of [
      unsignedToken("u", now),
      await userToken("u", now),
      await signed("ES256", stranger!.key, now),
      await signed("ES256", keys[2]!.key, now, "another"),
    ]
  ) assert.equal(await told(callers, `Bearer ${token}`), "invalid_token");
});

Deno.test("byKeys() passes keys for encryption over, of whatever algorithm", async () => {
  const clock = new FakeClock();
  const [pair, rsa] = await keysOf(["ES256", "RS256"]);
  const others = [{ ...rsa!.jwk, use: "enc", alg: "RSA-OAEP" }, { ...pair!.jwk, use: "enc" }];
  const users = await Jwts.byKeys(JSON.stringify({ keys: [...others, { ...pair!.jwk, use: "sig" }] }), {}, clock);
  const callers = new Callers({ adminToken: ADMIN_TOKEN, serviceToken: undefined, users });
  assert.equal(await told(callers, `Bearer ${await signed("ES256", pair!.key, clock.now())}`), "user:u");
  assert.equal(await told(callers, `Bearer ${await signed("RS256", rsa!.key, clock.now())}`), "invalid_token");
});

Deno.test("byKeys() refuses what is no set of public signing keys, and says why", async () => {
  const [pair, rsa] = await keysOf(["ES256", "RS256"]);
  const secret = { ...await exportJWK(pair!.key), kid: "k" };
  const short = { ...rsa!.jwk, n: rsa!.jwk.n!.slice(0, 171) }; // 1,024 bits
  const { kid: _, ...nameless } = pair!.jwk;
  const setOf = (...keys: unknown[]) => JSON.stringify({ keys });
  const cases: [string, RegExp][] = [
    ["", /it is not JSON/],
    ["null", /it holds no keys/],
    ["{}", /it holds no keys/],
    ['{"keys": []}', /it holds no keys/],
    [setOf({ ...rsa!.jwk, use: "enc" }), /it holds no keys to verify with/],
    [setOf(pair!.jwk, secret), /its key 2 is no public signing key/],
    [setOf(pair!.jwk, { ...secret, use: "enc" }), /its key 2 is no public signing key/],
    [setOf(pair!.jwk, { ...rsa!.jwk, key_ops: ["encrypt"] }), /its key 2 cannot be read/],
    [setOf({ ...rsa!.jwk, use: "enc" }, short), /its key 2 is too short: it has 10\d\d of 2048 bits/],
    [setOf(rsa!.jwk, pair!.jwk, pair!.jwk), /its key 2 cannot be told from another: it needs a kid of its own/],
    [setOf(pair!.jwk, nameless), /its key 2 cannot be told from another/],
    ['{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}', /its key 1 is no public/],
    ['{"keys": [{"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]}', /its key 1 is no public/],
    ['{"keys": [{"kty": "OKP", "crv": "X25519", "x": "AAAA"}]}', /its key 1 is no public/],
    ['{"keys": [{"kty": "EC", "crv": "P-256"}]}', /its key 1 cannot be read/],
    ['{"keys": [null]}', /its key 1 is no public/],
  ];
  for (const [text, why] of cases) {
    await assert.rejects(Jwts.byKeys(text, {}, new FakeClock()), (error) => {
      assert(error instanceof BadKeySet);
      assert.match(error.message, why, text);
      return true;
    });
  }
});

Deno.test("scopeOf() tells callers apart, whatever a user is called", () => {
  const all: Caller[] = [{ kind: "open" }, { kind: "admin" }, { kind: "service" }];
  for (const sub of ["", "admin", "service", "user:", "user:admin"]) all.push({ kind: "user", sub });
  assert.equal(new Set(all.map(scopeOf)).size, all.length);
});
