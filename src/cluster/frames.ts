/**
 * How do frames travel over a stream of bytes? Each is its length in four bytes, and its bytes. A frame leaves in the
 * tick in which it is sent; frames that are sent while one is written leave together.
 */
import { Buffer } from "node:buffer";

/** Bytes of the length before a frame. */
export const FRAME_HEAD = 4;
/** Maximum of bytes that wait to be written; beyond it the connection is closed, since the other end does not read. */
export const WAITING_MAX = 64 * 1024 * 1024;
const READ_BYTES = 64 * 1024;

export type Stream = Pick<Deno.Conn, "read" | "write" | "close">;

/** A frame of a number of zero bytes, with its head. */
export function framed(size: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEAD + size);
  new DataView(frame.buffer).setUint32(0, size);
  return frame;
}

/** A text as a frame, with its head. */
export function framedText(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const frame = framed(bytes.length);
  frame.set(bytes, FRAME_HEAD);
  return frame;
}

export class FrameStream {
  /** Called with each frame, whose bytes are valid until it returns. */
  onFrame: (frame: Uint8Array) => void = () => {};
  /** Called once when the connection has ended. @param garbage whether because a frame was too long */
  onEnd: (garbage: boolean) => void = () => {};
  readonly #head = new Uint8Array(FRAME_HEAD);
  /** Bytes of the next frame's head that have arrived. */
  #headed = 0;
  /** A frame of which a part has arrived. */
  #frame: Uint8Array | undefined;
  #filled = 0;
  readonly #queue: Uint8Array[] = [];
  #waiting = 0;
  #writing = false;
  #ended = false;

  /** @param frameMax maximum length of a received frame, in bytes; may be changed at any time */
  constructor(readonly stream: Stream, public frameMax: number) {}

  start(): void {
    this.#readAll();
  }

  /** @param frame with its head */
  send(frame: Uint8Array): void {
    if (this.#ended) return;
    this.#waiting += frame.length;
    if (this.#waiting > WAITING_MAX) return this.close();
    this.#queue.push(frame);
    if (!this.#writing) this.#writeAll();
  }

  /** Ends the connection at once; what is not written is lost. */
  close(garbage: boolean = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.length = 0;
    this.#frame = undefined;
    try {
      this.stream.close();
    } catch {
      // The runtime has closed it already.
    }
    this.onEnd(garbage);
  }

  async #readAll(): Promise<void> {
    const buffer = new Uint8Array(READ_BYTES);
    try {
      for (;;) {
        const size = await this.stream.read(buffer);
        if (size === null || this.#ended) break;
        this.#take(buffer.subarray(0, size));
      }
    } catch {
      // It was reset, or closed here.
    }
    this.close();
  }

  #take(bytes: Uint8Array): void {
    let at = 0;
    while (!this.#ended) {
      if (this.#frame === undefined) {
        while (this.#headed < FRAME_HEAD && at < bytes.length) this.#head[this.#headed++] = bytes[at++]!;
        if (this.#headed < FRAME_HEAD) return;
        const size = new DataView(this.#head.buffer).getUint32(0);
        if (size > this.frameMax) return this.close(true);
        this.#headed = 0;
        if (bytes.length - at >= size) {
          this.onFrame(bytes.subarray(at, at += size));
          continue;
        }
        this.#frame = new Uint8Array(size);
        this.#filled = 0;
      }
      const part = bytes.subarray(at, at + this.#frame.length - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#frame.length) return;
      const frame = this.#frame;
      this.#frame = undefined;
      this.onFrame(frame);
    }
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#queue.length > 0) {
        const frames = this.#queue.splice(0);
        const bytes = frames.length === 1 ? frames[0]! : Buffer.concat(frames);
        for (let at = 0; at < bytes.length;) at += await this.stream.write(bytes.subarray(at));
        this.#waiting -= bytes.length;
      }
    } catch {
      this.close();
    }
    this.#writing = false;
  }
}
