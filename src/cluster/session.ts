/**
 * How is each message known to be the other end's, and in its place? A frame bears a number, one more than that of the
 * frame before it, and a code (HMAC) of that and of all it says, by a key of this session and this direction. So a frame
 * that was changed, left out, sent again or sent back is known, and with it nothing that follows is believed.
 */
import { FRAME_HEAD, framed } from "./frames.ts";
import { isSameMac, MAC_BYTES, macOf } from "./keys.ts";
import type { Member } from "./member.ts";

/** What a frame says. */
export const MESSAGE = 0;
/** Asks for a sign of life … */
export const PING = 1;
/** … and gives it. */
export const PONG = 2;
/** The end that says so has taken nothing that it has not answered, and takes no more. */
export const BYE = 3;

/** A frame: code, number (eight bytes), what it is, text. */
const [AT_NUMBER, AT_KIND, AT_TEXT] = [MAC_BYTES, MAC_BYTES + 8, MAC_BYTES + 9];
/** Bytes of a frame beside its text. */
export const SEALED_BYTES = AT_TEXT;

/** An authenticated frame. */
export interface Said {
  readonly kind: number;
  readonly text: string;
}

/** The two directions of a link, once both ends are known. */
export class Session {
  #sealed = 0;
  #opened = 0;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  /**
   * @param remote who is at the other end, proved
   * @param version of the peers' protocol that both speak
   */
  constructor(
    readonly remote: Member,
    readonly version: number,
    readonly sealKey: Uint8Array,
    readonly openKey: Uint8Array,
  ) {}

  /** The next frame to send, with its head. */
  seal(kind: number, text: string = ""): Uint8Array {
    const bytes = this.#encoder.encode(text);
    const frame = framed(SEALED_BYTES + bytes.length);
    const body = frame.subarray(FRAME_HEAD);
    writeNumber(body, this.#sealed++);
    body[AT_KIND] = kind;
    body.set(bytes, AT_TEXT);
    body.set(macOf(this.sealKey, body.subarray(AT_NUMBER)));
    return frame;
  }

  /** What a frame says; undefined where it is not the other end's next one: then the link is to be ended. */
  open(frame: Uint8Array): Said | undefined {
    if (frame.length < SEALED_BYTES || readNumber(frame) !== this.#opened) return undefined;
    if (!isSameMac(frame.subarray(0, MAC_BYTES), macOf(this.openKey, frame.subarray(AT_NUMBER)))) return undefined;
    this.#opened++;
    return { kind: frame[AT_KIND]!, text: this.#decoder.decode(frame.subarray(AT_TEXT)) };
  }
}

const HALF = 2 ** 32;

function writeNumber(body: Uint8Array, number: number): void {
  const view = new DataView(body.buffer, body.byteOffset + AT_NUMBER, 8);
  view.setUint32(0, Math.floor(number / HALF));
  view.setUint32(4, number % HALF);
}

function readNumber(body: Uint8Array): number {
  const view = new DataView(body.buffer, body.byteOffset + AT_NUMBER, 8);
  return view.getUint32(0) * HALF + view.getUint32(4);
}
