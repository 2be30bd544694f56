import assert from "node:assert/strict";
import fc from "fast-check";
import { itemNameOf } from "../../../src/domain/item_names.ts";
import { type ItemPlace, ITEMS_MAX, SALE_NUMBER_MAX } from "../../../src/domain/sale_ids.ts";
import { ItemPictures, type Picture } from "../../../src/http/handlers/item_pictures.ts";

const NUMBER = Date.UTC(2026, 10, 21, 14) / 3_600_000;
const ITEM: ItemPlace = { number: NUMBER, n: 1 };
const ID = { id: "request-1", echoed: false };
const item = fc.record({
  number: fc.integer({ min: 0, max: SALE_NUMBER_MAX }),
  n: fc.integer({ min: 0, max: ITEMS_MAX }),
});

function textOf({ svg }: Picture): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(svg);
}

Deno.test("pictureOf() is the same from every node, and stays so: browsers keep it for a year", () => {
  assert.equal(new ItemPictures().pictureOf(ITEM).etag, '"tDCk_TYA0Pcv8QSTySwJ4g"');
  fc.assert(
    fc.property(item, (item) => {
      const [here, there] = [new ItemPictures().pictureOf(item), new ItemPictures().pictureOf(item)];
      assert.equal(here.etag, there.etag);
      assert.deepEqual(here.svg, there.svg);
    }),
    { numRuns: 20 },
  );
});

Deno.test("pictureOf() is another one for every item, in one sale and from sale to sale", () => {
  const pictures = new ItemPictures();
  const etags = new Set<string>();
  const drawn = new Set<string>();
  for (const number of [NUMBER, NUMBER + 1]) {
    for (let n = 1; n <= 1_000; n++) {
      const picture = pictures.pictureOf({ number, n });
      etags.add(picture.etag);
      // What is seen: neither the name nor the ids that the shapes have within the document.
      drawn.add(textOf(picture).replace(/aria-label="[^"]*"/, "").replace(/-[0-9a-f]{8}\b/g, ""));
    }
  }
  assert.equal(etags.size, 2_000);
  assert.equal(drawn.size, 2_000);
});

Deno.test("pictureOf() is a well-formed SVG that bears the item's name and neither loads nor runs a thing", () => {
  const pictures = new ItemPictures();
  fc.assert(fc.property(item, (item) => {
    const svg = textOf(pictures.pictureOf(item));
    assert.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 100 100" /);
    assert(svg.includes(`role="img" aria-label="${itemNameOf(item.number, item.n)}"`), svg);
    assert.equal(unclosed(svg), "");
    assert.doesNotMatch(svg, /<(script|style|foreignObject|image|a)[\s>]|\son\w+=|\sstyle=|url\((?!#)|href="(?!#)/);
  }));
});

/** The tags that are left open, or the one that is closed wrongly; empty for a document that nests well. */
function unclosed(xml: string): string {
  const open: string[] = [];
  for (const [, close, name, empty] of xml.matchAll(/<(\/?)([\w:]+)(?:\s[\w:-]+="[^"<]*")*\s*(\/?)>/g)) {
    if (close === "/") {
      if (open.pop() !== name) return `</${name}>`;
    } else if (empty !== "/") open.push(name!);
  }
  return open.join(" ");
}

Deno.test("pictureOf() keeps so many pictures, and drops the least lately asked for", () => {
  const pictures = new ItemPictures(2);
  const ask = (n: number) => pictures.pictureOf({ number: NUMBER, n });
  const [first, second] = [ask(1), ask(2)];
  assert.equal(ask(1), first, "kept");
  ask(3);
  assert.equal(ask(1), first, "kept, since it was asked for after the second");
  assert.notEqual(ask(2), second, "dropped");
  assert.deepEqual(ask(2), second, "and drawn the same again");
  const none = new ItemPictures(0);
  assert.notEqual(none.pictureOf(ITEM), none.pictureOf(ITEM));
});

Deno.test("pictureOf() throws where no item can be", () => {
  const pictures = new ItemPictures();
  assert.throws(() => pictures.pictureOf({ number: NUMBER, n: ITEMS_MAX + 1 }), RangeError);
  assert.throws(() => pictures.pictureOf({ number: -1, n: 1 }), RangeError);
});

Deno.test("answer() is a picture that any cache may keep for a year and no page can be attacked with", async () => {
  const pictures = new ItemPictures();
  const { response, code, error } = pictures.answer(ITEM, new Headers(), ID);
  assert.deepEqual([response.status, code, error], [200, undefined, undefined]);
  const { svg, etag } = pictures.pictureOf(ITEM);
  assert.deepEqual(Object.fromEntries(response.headers), {
    "cache-control": "public, max-age=31536000, immutable",
    "content-security-policy": "default-src 'none'; sandbox",
    "content-type": "image/svg+xml",
    "etag": etag,
    "x-content-type-options": "nosniff",
    "x-request-id": "request-1",
  });
  assert.deepEqual(await response.bytes(), svg);
});

Deno.test("answer() is 304 without a body where the client names the picture that it has", async () => {
  const pictures = new ItemPictures();
  const { etag } = pictures.pictureOf(ITEM);
  const { response } = pictures.answer(ITEM, new Headers({ "if-none-match": `"old", ${etag}` }), ID);
  assert.deepEqual([response.status, response.body], [304, null]);
  assert.equal(response.headers.get("content-type"), null);
  assert.equal(response.headers.get("etag"), etag);
  assert.equal(response.headers.get("cache-control"), "public, max-age=31536000, immutable");
  const other = pictures.answer({ ...ITEM, n: 2 }, new Headers({ "if-none-match": etag }), ID);
  assert.equal(other.response.status, 200, "another item's picture is not this one");
  await other.response.body?.cancel();
});

Deno.test("answer() echoes the request's id in all three headers where the client named one", () => {
  const { response } = new ItemPictures().answer(ITEM, new Headers(), { id: "theirs", echoed: true });
  for (const name of ["x-request-id", "correlation-id", "x-trace-id"]) {
    assert.equal(response.headers.get(name), "theirs", name);
  }
});
