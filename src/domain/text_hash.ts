/** Which number stands for a text, so that similar texts have unrelated numbers? */

/** Makes each bit of the result depend on all 32 bits of a number: the last step of MurmurHash3. */
export function mixBits(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** FNV-1a, 32 bits (RFC 9923), over UTF-16 code units; then mixed, so that all bits are equally good. */
export function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let place = 0; place < text.length; place++) hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193);
  return mixBits(hash);
}
