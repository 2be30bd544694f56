/** Which number stands for a text, alike texts having unlike ones? */

/** FNV-1a, 32 bits (RFC 9923), over UTF-16 code units; then mixed as MurmurHash3 ends, so that all bits serve alike. */
export function textHash(text: string): number {
  let sum = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) {
    sum = Math.imul(sum ^ text.charCodeAt(place), 0x01000193);
  }
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35);
  return (sum ^ (sum >>> 16)) >>> 0;
}
