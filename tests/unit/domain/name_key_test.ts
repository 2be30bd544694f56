import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isNameKey,
  normalizeName,
  normalizeSearch,
  normalizeTitle,
  shownName,
  shownTitle,
} from "../../../src/domain/name_key.ts";

const shown = (text: string) => JSON.stringify(text) + [...text].map((it) => it.codePointAt(0)!.toString(16));

Deno.test("normalizeName() has one key for the spellings that people take for one", () => {
  const groups: [key: string, ...names: string[]][] = [
    [
      "promo_super",
      "PROMO_SUPER",
      "promo_super\t",
      "\r\n promo_super",
      "ＰＲＯＭＯ_ＳＵＰＥＲ",
      "\ufeffPromo_Super\ufeff",
    ],
    ["promo", "pro\u200bmo", "pro\u00admo", "\u2060promo\u200e", "p\ufe0fromo", "\u00a0promo\u3000", "pro\ufeffmo"],
    ["a b", "a b", "a  b", "a\tb", "a\r\nb", "a\u00a0b", "a \u200b b", "a\u2028b", " A\u0085B "],
    [
      "sale-10",
      "SALE-10",
      "sale–10",
      "sale—10",
      "sale‐10",
      "sale‑10",
      "sale−10",
      "sale﹣10",
      "sale－10",
      "sale⁻10",
      "sale〜10",
    ],
    ["strasse", "straße", "STRASSE", "STRAẞE", "Straſſe"],
    ["προσφορεσ", "ΠΡΟΣΦΟΡΕΣ", "προσφορες", "προσφορεσ"],
    ["i", "I", "i", "ı", "Ｉ"],
    ["i\u0307", "İ", "i\u0307", "I\u0307"],
    ["first", "ﬁrst", "FIRST", "ﬁrﬆ"],
    ["café", "Cafe\u0301", "CAFÉ", "café", "cafe\u034f\u0301"],
    ["\u1eb9\u0301", "e\u0301\u0323", "e\u0323\u0301", "E\u0301\u034f\u0323", "\u00e9\u200d\u0323"],
    ["\u03ac\u03b9", "\u1fb4", "\u03b1\u0345\u0301", "\u03b1\u0301\u0345", "\u03b1\u0345\u034f\u0301", "\u0386\u0399"],
    ["\u0390", "\u0390", "\u03b9\u0308\u0301", "\u03aa\u0301"],
    ["k", "\u212a"],
    ["\u0301a", "\u00b4a", " \u0301a", "\u0301a"], // trimmed after NFKC, which makes a blank and a mark of U+00B4
    ["a", "a\u2003", "\u2003a"],
    ["a1", "\u0600a1", "a\ufff91", "a\u06dd1", "\u{110bd}a1"], // format characters that are not default-ignorable
    ["å", "\u212b"],
    ["ω", "\u2126"],
    ["👨👩👧", "👨‍👩‍👧"],
    ["%_", "%_"],
  ];
  for (const [key, ...names] of groups) {
    for (const name of names) assert.equal(normalizeName(name), key, shown(name));
  }
});

Deno.test("normalizeName() refuses what has no key", () => {
  const invisible = ["\u200b", "\u00ad\u200d", "\ufeff", "\u3164", "\u115f\u1160", "\u034f", " \u200b\t", "\u{e0020}"];
  const blank = ["", " ", "\u3000", "\t", "\r\n", "\u0085", "\u2028"];
  const dots = [".", "..", " .. ", "․․", ".\u200b.", "\u200b.", "\t..\u00ad"];
  const slashes = ["a/b", "a／b", "℀", "/\u200b"];
  const controls = ["a\u0000b", "a\u001fb", "\u001bpromo", "a\u007f", "a\u009f", "\u001c"];
  const malformed = ["\ud800", "a\udc00b", "\ufffd", "a\ufffd"];
  const long = ["x".repeat(256), "🎉".repeat(256), "ﷺ".repeat(15), "ß".repeat(256), "x".repeat(255) + "\u0301"];
  for (const name of [...invisible, ...blank, ...dots, ...slashes, ...controls, ...malformed, ...long]) {
    assert.equal(normalizeName(name), undefined, shown(name));
  }
});

Deno.test("the length of a name counts before case is removed: what is invisible is free, and keys are bounded", () => {
  for (const name of ["x".repeat(255), "🎉".repeat(255), "\u200b".repeat(500) + "x".repeat(255) + "\t".repeat(9)]) {
    assert([...normalizeName(name)!].length === 255, shown(name));
  }
  assert.equal([...normalizeName("\u00b4" + "x".repeat(254))!].length, 255, "the blank that NFKC makes does not count");
  for (const [letter, key] of [["ß", "ss"], ["İ", "i\u0307"], ["ᾳ", "αι"]] as const) {
    assert.equal(normalizeName(letter.repeat(255)), key.repeat(255));
    assert(isNameKey(key.repeat(255)));
  }
  assert.equal(normalizeName("x" + "\u200b".repeat(2_040)), undefined, "the work is bounded too");
});

Deno.test("a code point of a name takes at most two code points and five bytes of its key", () => {
  for (const char of everyCharacter()) {
    const key = normalizeTitle(char);
    if (key === undefined || char.normalize("NFKC") !== char) continue;
    assert([...key].length <= 2 && new TextEncoder().encode(key).length <= 5, shown(char));
  }
});

/** Every character that Unicode knows; of those for private use, a few. */
function* everyCharacter(): Generator<string> {
  for (let code = 0; code < 0x110000; code++) {
    const char = String.fromCodePoint(code);
    if (code % 1_021 === 0 || !/[\p{Cs}\p{Co}\p{Cn}]/u.test(char)) yield char;
  }
}

Deno.test("the key of each character is its own key, and that of its other cases", () => {
  for (const char of everyCharacter()) {
    const key = normalizeTitle(char);
    if (key === undefined) continue;
    assert.equal(normalizeTitle(key), key, shown(char));
    assert.doesNotMatch(key, /^\s|\s$|[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/u, shown(char));
    assert.equal(normalizeTitle(char.toUpperCase()), key, `upper case of ${shown(char)}`);
    assert.equal(normalizeTitle(char.toLowerCase()), key, `lower case of ${shown(char)}`);
    assert.equal(normalizeTitle(`\u200b ${char}\t`), key, `in white space: ${shown(char)}`);
  }
});

/** Characters that meet in odd ways: cases, marks of several classes, blanks, dashes, ignorable and composing ones. */
const ODD = [
  ..."aAkKßẞİıiIσςΣᾳᾼΐὖﬁſÅÉ09_.%",
  ..."\u0301\u0308\u0323\u0327\u0345\u0342\u0307\u034f\u05b0\u093c\u3099\u0338",
  ...["\u200b", "\u00ad", "\ufeff", "\u2060", "\u202e", "\ufe0f", "\u180e", "\u061c", "\u3164", "\uffa0"],
  ..." \t\n\u00a0\u2003\u3000\u2028\u0085",
  ..."-‐‑–—−﹣－゠〜",
  ..."\u1100\u1161\u11a8가ᄀ", // Hangul that composes
  ..."´¨゛½™…ﷺﾞｶ", // of which NFKC makes several
];
const odd = fc.string({ unit: fc.constantFrom(...ODD), maxLength: 12 });
const any = fc.string({ unit: "binary", maxLength: 12 });
const text = fc.oneof(odd, any);

Deno.test("the key of a key is itself, for names, titles and searches", () => {
  fc.assert(
    fc.property(text, (name) => {
      for (const make of [normalizeName, normalizeTitle, normalizeSearch]) {
        const key = make(name);
        if (key !== undefined) assert.equal(make(key), key, shown(name));
      }
      const key = normalizeName(name);
      if (key !== undefined) assert(isNameKey(key), shown(name));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("a key has no white space but single blanks inside, no dash but -, and nothing invisible", () => {
  fc.assert(
    fc.property(text, (name) => {
      const key = normalizeTitle(name);
      if (key === undefined) return;
      assert.doesNotMatch(key, /^ | $| {2}|[^\P{White_Space} ]|[^\P{Dash}-]/u, shown(name));
      assert.doesNotMatch(key, /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/u, shown(name));
      assert.equal(key, key.normalize("NFKC"), shown(name));
    }),
    { numRuns: 3_000 },
  );
});

const visible = (it: string) => it.replace(/[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu, "");
const ordered = (it: string) => visible(it).normalize("NFKD");

/** What does not make another name, done to a text. */
const CHANGES: Readonly<Record<string, (text: string) => string>> = {
  // Of marks in another order, or apart from what they belong to, the upper case is that of other letters.
  "upper case": (it) => ordered(it).toUpperCase(),
  "lower case": (it) => ordered(it).toLowerCase(),
  NFC: (it) => it.normalize("NFC"),
  NFD: (it) => it.normalize("NFD"),
  NFKC: (it) => it.normalize("NFKC"),
  NFKD: (it) => it.normalize("NFKD"),
  "invisible characters between all": (it) => ["", ...it, ""].join("\u200b"),
  "invisible characters left out": (it) => visible(it),
  "outer white space": (it) => `\ufeff\t ${it}\r\n\u00a0`,
  "wider white space": (it) => it.replace(/\p{White_Space}+/gu, "\u3000\t \u2003"),
  "another dash": (it) => it.replace(/\p{Dash}/gu, "–"),
};

for (const [change, apply] of Object.entries(CHANGES)) {
  Deno.test(`a name stays the same name through: ${change}`, () => {
    fc.assert(
      fc.property(text, (name) => {
        if (!name.isWellFormed() || normalizeTitle(name) === undefined) return;
        assert.equal(normalizeTitle(apply(name)), normalizeTitle(name), shown(name));
      }),
      { numRuns: 2_000 },
    );
  });
}

Deno.test("names of plain ASCII have one key by the short way and by the long one", () => {
  const ascii = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) });
  fc.assert(fc.property(ascii, (name) => {
    // A blank before it sends the same name the long way.
    assert.equal(normalizeName(name), normalizeName(" " + name));
    assert.equal(normalizeTitle(name), normalizeTitle(" " + name));
  }));
});

Deno.test("what was once a key, in lower case after NFKC, has the key of the name that it was made of", () => {
  fc.assert(fc.property(text, (name) => {
    const key = normalizeName(name);
    if (key === undefined) return;
    assert.equal(normalizeName(name.normalize("NFKC").trim().toLowerCase().normalize("NFC")), key, shown(name));
  }));
});

Deno.test("a title is a name that may have a /", () => {
  assert.equal(normalizeTitle("A/B "), "a/b");
  fc.assert(fc.property(text, (title) => {
    const key = normalizeTitle(title);
    assert.equal(normalizeName(title), key?.includes("/") ? undefined : key);
  }));
});

Deno.test("a search is made like a key, may be empty, and finds each part of a name", () => {
  assert.equal(normalizeSearch(""), "");
  assert.equal(normalizeSearch("\u200b\t"), "");
  assert.equal(normalizeSearch(" B\t"), "b");
  assert.equal(normalizeSearch("Ｐ"), "p");
  assert.equal(normalizeSearch("a/–"), "a/-");
  for (const wrong of ["\ud800", "\u0000", "x".repeat(256)]) assert.equal(normalizeSearch(wrong), undefined);
  assert.equal(normalizeSearch("İ".repeat(255)), "i\u0307".repeat(255), "as long as a name may be");
  for (const name of ["ΠΑΣΧΑ_ΠΡΟΣΦΟΡΕΣ", "Σ", "ὈΔΥΣΣΕΎΣ ΣΊΣΥΦΟΣ", "straße–10"]) {
    const key = normalizeName(name)!;
    for (let from = 0; from < name.length; from++) {
      for (let to = from + 1; to <= name.length; to++) {
        assert(key.includes(normalizeSearch(name.slice(from, to))!), `${name}: ${name.slice(from, to)}`);
      }
    }
  }
});

Deno.test("what is shown has the key of what was sent, and no control character", () => {
  assert.equal(shownName(" Promo  X "), " Promo  X ");
  assert.equal(shownName("\tPro\r\nmo\u0085"), "Pro mo");
  assert.equal(shownTitle(" Gold\t Club\u00a0"), "Gold Club");
  fc.assert(fc.property(text, (name) => {
    const key = normalizeTitle(name);
    if (key === undefined) return;
    for (const show of [shownName, shownTitle]) {
      assert.equal(normalizeTitle(show(name)), key, shown(name));
      assert.doesNotMatch(show(name), /\p{Cc}/u, shown(name));
    }
  }));
});
