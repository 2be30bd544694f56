/** Which tokens of an issuer are meant for this service? */
import assert from "node:assert/strict";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { Jwts, type TokenTerms } from "../../../src/http/auth/user_tokens.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { type Claims, JWT_SECRET, userToken } from "../../support/tokens.ts";

const ISSUER = "https://login.example";
const AUDIENCE = "doorbuster";
const BOTH = { issuer: ISSUER, audience: AUDIENCE };

type Signer = (claims: Claims, header?: Claims) => Promise<string>;

/** Tokens by a secret and by a key, each with what signs for it. */
async function bothKinds(terms: TokenTerms, clock: FakeClock): Promise<[string, Jwts, Signer][]> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const keys = JSON.stringify({ keys: [await exportJWK(publicKey)] });
  const exp = clock.now() / 1_000 + 60;
  return [
    [
      "by a secret",
      Jwts.bySecret(JWT_SECRET, terms, clock),
      (claims, header) => userToken("u", clock.now(), claims, JWT_SECRET, header),
    ],
    [
      "by a key",
      await Jwts.byKeys(keys, terms, clock),
      (claims, header) =>
        new SignJWT({ sub: "u", exp, ...claims }).setProtectedHeader({ alg: "ES256", ...header }).sign(privateKey),
    ],
  ];
}

async function isTaken(tokens: Jwts, token: string): Promise<boolean> {
  try {
    return (await tokens.userOf(token, token)).kind === "user";
  } catch (error) {
    assert.equal((error as { code?: string }).code, "invalid_token");
    return false;
  }
}

Deno.test("userOf() takes tokens of the issuer for the audience alone, both compared exactly", async () => {
  const good = { iss: ISSUER, aud: AUDIENCE };
  const cases: [TokenTerms, Claims, boolean][] = [
    [BOTH, good, true],
    [BOTH, { ...good, aud: ["another", AUDIENCE] }, true],
    [BOTH, {}, false],
    [BOTH, { aud: AUDIENCE }, false],
    [BOTH, { iss: ISSUER }, false],
    [BOTH, { ...good, iss: "https://login.example/" }, false],
    [BOTH, { ...good, iss: "https://LOGIN.example" }, false],
    [BOTH, { ...good, iss: ` ${ISSUER}` }, false],
    [BOTH, { ...good, iss: [ISSUER] }, false],
    [BOTH, { ...good, iss: null }, false],
    [BOTH, { ...good, aud: "another" }, false],
    [BOTH, { ...good, aud: "DOORBUSTER" }, false],
    [BOTH, { ...good, aud: `${AUDIENCE} another` }, false],
    [BOTH, { ...good, aud: `${AUDIENCE},another` }, false],
    [BOTH, { ...good, aud: ["another"] }, false],
    [BOTH, { ...good, aud: [] }, false],
    [BOTH, { ...good, aud: null }, false],
    [BOTH, { ...good, aud: { [AUDIENCE]: true } }, false],
    [{ issuer: ISSUER }, { iss: ISSUER }, true],
    [{ issuer: ISSUER }, { iss: "another" }, false],
    [{ audience: AUDIENCE }, { aud: AUDIENCE, iss: "anyone" }, true],
    [{ audience: AUDIENCE }, { aud: "another" }, false],
  ];
  for (const [terms, claims, expected] of cases) {
    const clock = new FakeClock();
    for (const [kind, tokens, sign] of await bothKinds(terms, clock)) {
      const what = `${kind}, ${JSON.stringify({ terms, claims })}`;
      const token = await sign(claims);
      for (const time of ["first", "second"]) assert.equal(await isTaken(tokens, token), expected, `${what}, ${time}`);
    }
  }
});

Deno.test("userOf() takes tokens for no audience alone where none is set, and those of any issuer", async () => {
  const cases: [Claims, boolean][] = [
    [{}, true],
    [{ iss: "anyone" }, true],
    [{ aud: AUDIENCE }, false],
    [{ aud: [] }, false],
    [{ aud: null }, false],
    [{ aud: "" }, false],
  ];
  for (const [claims, expected] of cases) {
    for (const [kind, tokens, sign] of await bothKinds({}, new FakeClock())) {
      assert.equal(await isTaken(tokens, await sign(claims)), expected, `${kind}, ${JSON.stringify(claims)}`);
    }
  }
});

Deno.test("userOf() takes JWTs and access tokens, however their type is written, and no other type", async () => {
  const taken = [undefined, "JWT", "jwt", "at+jwt", "AT+JWT", "application/jwt", "application/at+JWT"];
  const others = ["", "JWS", "JOSE", "dpop+jwt", "logout+jwt", "id+jwt", "secevent+jwt", "jwt+at", "at+at+jwt"];
  const odd = [" jwt", "jwt ", "jwt\n", "text/jwt", "application/application/jwt", "jwtx", 7, null, ["JWT"]];
  for (const [kind, tokens, sign] of await bothKinds(BOTH, new FakeClock())) {
    for (const typ of [...taken, ...others, ...odd]) {
      const token = await sign({ iss: ISSUER, aud: AUDIENCE }, typ === undefined ? {} : { typ });
      assert.equal(await isTaken(tokens, token), taken.includes(typ as string), `${kind}, typ ${JSON.stringify(typ)}`);
    }
  }
});
