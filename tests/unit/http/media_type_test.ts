/** Which Content-Types follow the grammar, and which of them may a body have? */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseMediaType } from "../../../src/http/requests/media_type.ts";
import { post, test } from "../../support/edge.ts";

const CLAIM = "/api/coupons/claim";

/** What follows `application/json` where the body is still JSON in UTF-8. */
const GOOD = [
  "",
  ";",
  " ; ",
  ";;\t; ;",
  ";charset=UTF-8;",
  "; charset=utf8",
  "; charset=us-ascii",
  '; charset="utf-8"',
  '; charset="ut\\f-8"',
  "; CharSet=Utf-8",
  "; odata.metadata=minimal",
  "; version=1.0",
  ";version=1.0;charset=utf-8;q=1",
  '; profile="https://example.org/a;b,c=\\"d\\""',
  '; empty=""',
  '; note="caf\xe9 \t"',
  "; charset=utf-8; charset=utf-16",
  "; x-charset=utf-16",
  '; profile="; charset=utf-16"',
  "; !#$%&'*+-.^_`|~=!#$%&'*+-.^_`|~",
];

/** Whole Content-Types of bodies that are refused: another type, another encoding, or no media type at all. */
const BAD = [
  "application/json; charset=utf-16",
  "application/json; charset=iso-8859-1",
  'application/json; charset=""',
  'application/json; charset="utf-8 "',
  "application/json; version=1; CHARSET=latin1",
  "application/json-patch+json",
  "application/problem+json",
  "application/json5",
  "application/jsonl",
  "text/json",
  "text/plain; application/json",
  "application",
  "application/",
  "/json",
  "json",
  "*/*",
  "application /json",
  "application/ json",
  "application/json charset=utf-8",
  "application/json, application/json",
  "application/json; charset=utf-8, text/plain",
  "application/json; charset",
  "application/json; charset=",
  "application/json; =utf-8",
  "application/json; charset = utf-8",
  "application/json; charset= utf-8",
  'application/json; charset="utf-8',
  'application/json; charset="utf-8\\"',
  'application/json; charset="utf-8"x',
  'application/json; charset=utf-8"',
  "application/json; charset=utf 8",
  "application/json; a=b c",
  "application/json; a=b/c",
  "application/json; (comment)",
  "application/json\x0b; a=b",
  "application/json; a=\xe9",
];

test("a body may have any parameters that do not deny that it is UTF-8, and any that are empty", async (edge) => {
  await (await edge.fetch(post("/api/coupons", { name: "promo", amount: GOOD.length }))).body?.cancel();
  for (const [user, parameters] of GOOD.entries()) {
    for (const type of ["application/json", "Application/JSON"]) {
      const headers = { "content-type": type + parameters };
      const request = post("/api/coupons/validate", { user_id: `${user}`, coupon_name: "promo" }, headers);
      const response = await edge.fetch(request);
      assert.equal(response.status, 200, `${type}${parameters}: ${await response.text()}`);
    }
  }
});

test("a body of another type or encoding, or of a type that is none, is 415", async (edge) => {
  for (const type of BAD) {
    const response = await edge.fetch(post(CLAIM, { user_id: "a", coupon_name: "promo" }, { "content-type": type }));
    const { code, detail } = await response.json();
    assert.deepEqual([response.status, code], [415, "unsupported_media_type"], type);
    if (/charset=[\w"-]*$/i.test(type) && parseMediaType(type)?.parameters.has("charset")) {
      assert.match(detail, /UTF-8/);
    }
  }
});

const TOKEN = fc.stringMatching(/^[!#$%&'*+.^_`|~\w-]+$/);
const SPACE = fc.stringMatching(/^[ \t]*$/);
const TEXT = fc.stringMatching(/^[\t \x21-\x7e\x80-\xff]*$/);
const quoted = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;

Deno.test("parseMediaType() reads what follows the grammar: the first of each parameter, whatever stands in quotes", () => {
  const value = fc.oneof(
    TOKEN.map((text) => ({ text, sent: text })),
    TEXT.map((text) => ({ text, sent: quoted(text) })),
  );
  const parameter = fc.record({ before: SPACE, after: SPACE, pair: fc.option(fc.tuple(TOKEN, value)) });
  fc.assert(fc.property(TOKEN, TOKEN, fc.array(parameter), (type, subtype, parameters) => {
    let text = `${type}/${subtype}`;
    const wanted = new Map<string, string>();
    for (const { before, after, pair } of parameters) {
      text += before + ";" + after;
      if (pair === null) continue;
      const [name, { text: value, sent }] = pair;
      text += `${name}=${sent}`;
      if (!wanted.has(name.toLowerCase())) wanted.set(name.toLowerCase(), value);
    }
    const parsed = parseMediaType(text);
    assert.equal(parsed?.essence, `${type}/${subtype}`.toLowerCase(), text);
    assert.deepEqual(parsed!.parameters, wanted, text);
  }));
});

Deno.test("parseMediaType() takes time in proportion to the text, whatever stands in it", () => {
  for (const part of ["; ", " ", ";a=", '\\"', "; a=b", ';a="\\"']) {
    const texts = [part.repeat(20_000), part.repeat(20_000) + "\x00"].map((rest) => "application/json" + rest);
    const began = performance.now();
    for (const text of texts) parseMediaType(text);
    assert(performance.now() - began < 1_000, JSON.stringify(part));
  }
});
