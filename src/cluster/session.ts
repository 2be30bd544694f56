/**
 * How is each message authenticated? A frame has a number, one more than the frame before it, and a code (HMAC) of that
 * number and its content, with a key of this session and direction. So a frame that was changed, left out, repeated or
 * reflected is recognized, and nothing after it is trusted.
 */
import { FRAME_HEAD, framed } from "./frames.ts";
import { isSameMac, MAC_BYTES, macOf } from "./keys.ts";
import type { Member } from "./member.ts";

/** The kinds of frames: a message or a part of its reply, … */
export const MESSAGE = 0;
/** … a question whether the other end is there, … */
export const PING = 1;
/** … its answer, … */
export const PONG = 2;
/** … and the good-bye of an end that has answered all messages that it took, and takes no more. */
export const BYE = 3;

/** A frame: code, number (eight bytes), kind, text. */
const [AT_NUMBER, AT_KIND, AT_TEXT] = [MAC_BYTES, MAC_BYTES + 8, MAC_BYTES + 9];
/** Length of a frame without its text, in bytes. */
export const SEALED_BYTES = AT_TEXT;

/** The content of an authenticated frame. */
export interface Said {
  readonly kind: number;
  readonly text: string;
}

/** Authenticates the frames of a link, in both directions. */
export class Session {
  #sealed = 0;
  #opened = 0;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder();

  /**
   * @param remote the proved node at the other end
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

  /** The content of a frame; undefined if it is not the other end's next one, which must end the link. */
  open(frame: Uint8Array): Said | undefined {
    if (frame.length < SEALED_BYTES || readNumber(frame) !== this.#opened) return undefined;
    if (!isSameMac(frame.subarray(0, MAC_BYTES), macOf(this.openKey, frame.subarray(AT_NUMBER)))) return undefined;
    this.#opened++;
    return { kind: frame[AT_KIND]!, text: this.#decoder.decode(frame.subarray(AT_TEXT)) };
  }
}

function writeNumber(body: Uint8Array, number: number): void {
  new DataView(body.buffer, body.byteOffset).setBigUint64(AT_NUMBER, BigInt(number));
}

function readNumber(body: Uint8Array): number {
  return Number(new DataView(body.buffer, body.byteOffset).getBigUint64(AT_NUMBER));
}
