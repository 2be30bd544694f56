/** How does a text stand in a message, where two may look alike? In quotes, with what cannot be seen as an escape. */

/** Control and format characters, other ignorable ones, and every white space but the blank. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

/** The text as a string literal: `"gold\u{200b}"`. */
export function quoted(text: string): string {
  const escaped = text.toWellFormed().replace(/["\\]/g, "\\$&");
  return `"${escaped.replace(UNSEEN, (it) => `\\u{${it.codePointAt(0)!.toString(16)}}`)}"`;
}
