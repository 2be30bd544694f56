import { Buffer } from "node:buffer";
import { HEAD_MAX } from "./request_head.ts";

/** Bytes that an idle connection keeps allocated. */
const SIZE = 4 * 1024;
const SHORT_HEAD = 1024;
const CR = 0x0d;
const LF = 0x0a;

/** The bytes that were read from a connection and not consumed yet. Only one read is under way at a time. */
export class Inbound {
  readonly #connection: Pick<Deno.Conn, "read">;
  // Methods of Uint8Array are many times faster here than those of Buffer, except for reading Latin-1.
  #bytes = new Uint8Array(SIZE);
  #text = Buffer.from(this.#bytes.buffer);
  #begin = 0;
  #end = 0;
  /** Where to continue the search for the end of a head. */
  #looked = 0;
  #reading: Promise<boolean> | undefined;

  constructor(connection: Pick<Deno.Conn, "read">) {
    this.#connection = connection;
  }

  /** Number of bytes that can be taken. */
  get size(): number {
    return this.#end - this.#begin;
  }

  /** Whether something must be taken before more fits. */
  get isFull(): boolean {
    return this.size >= HEAD_MAX;
  }

  /** Reads more. @returns false if the client sends no more */
  more(): Promise<boolean> {
    if (this.#reading !== undefined) return this.#reading;
    this.#makeRoom();
    return this.#reading = this.#connection.read(this.#bytes.subarray(this.#end)).then(this.#came, this.#failed);
  }

  readonly #came = (size: number | null): boolean => {
    this.#reading = undefined;
    this.#end += size ?? 0;
    return size !== null;
  };

  readonly #failed = (error: unknown): never => {
    this.#reading = undefined;
    throw error;
  };

  #makeRoom(): void {
    if (this.size === 0) {
      this.#begin = this.#end = this.#looked = 0;
      if (this.#bytes.length > SIZE) this.#keepIn(new Uint8Array(SIZE));
    }
    if (this.#end < this.#bytes.length) return;
    const kept = this.#bytes.subarray(this.#begin, this.#end);
    const wide = this.#begin > 0 ? this.#bytes : new Uint8Array(2 * this.#bytes.length);
    wide.set(kept);
    this.#keepIn(wide);
    this.#end -= this.#begin;
    this.#looked = Math.max(0, this.#looked - this.#begin);
    this.#begin = 0;
  }

  #keepIn(bytes: Uint8Array<ArrayBuffer>): void {
    if (bytes === this.#bytes) return;
    this.#bytes = bytes;
    this.#text = Buffer.from(bytes.buffer);
  }

  /** Takes a head without the empty line at its end; undefined if it is incomplete. */
  takeHead(): string | undefined {
    // Empty lines before a request are ignored (RFC 9112, section 2.2).
    while (this.#begin + 1 < this.#end && this.#bytes[this.#begin] === CR && this.#bytes[this.#begin + 1] === LF) {
      this.#begin += 2;
    }
    const bytes = this.#bytes;
    if (this.#looked <= this.#begin) {
      // Usually a head is complete and short: then it is faster to search in a text.
      const text = this.#text.toString("latin1", this.#begin, Math.min(this.#end, this.#begin + SHORT_HEAD));
      const end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        this.#begin = this.#looked = this.#begin + end + 4;
        return text.slice(0, end);
      }
    }
    for (let at = Math.max(this.#begin + 3, this.#looked);; at++) {
      at = bytes.indexOf(LF, at);
      if (at < 0 || at >= this.#end) {
        this.#looked = this.#end;
        return undefined;
      }
      if (bytes[at - 1] !== CR || bytes[at - 2] !== LF || bytes[at - 3] !== CR) continue;
      const head = this.#text.toString("latin1", this.#begin, at - 3);
      this.#begin = this.#looked = at + 1;
      return head;
    }
  }

  /** Takes a line without its CR LF; undefined if it is incomplete. @throws RangeError if it is longer than `max` */
  takeLine(max: number): string | undefined {
    const end = this.#bytes.indexOf(LF, this.#begin) - 1;
    const isWhole = end >= 0 && end + 2 <= this.#end;
    if (isWhole && (end < this.#begin || this.#bytes[end] !== CR)) {
      throw new RangeError("Cannot take a line: its end is no CR LF");
    }
    if ((isWhole ? end - this.#begin : this.size - 1) > max) {
      throw new RangeError(`Cannot take a line of over ${max} bytes`);
    }
    if (!isWhole) return undefined;
    const line = this.#text.toString("latin1", this.#begin, end);
    this.#begin = end + 2;
    return line;
  }

  /** Takes up to this many bytes, as a copy. */
  take(max: number): Uint8Array<ArrayBuffer> {
    const end = Math.min(this.#end, this.#begin + max);
    const taken = this.#bytes.slice(this.#begin, end);
    this.#begin = end;
    return taken;
  }

  /** Takes this many bytes, which must be there, as UTF-8. */
  takeText(size: number): string {
    const text = utf8.decode(this.#bytes.subarray(this.#begin, this.#begin + size));
    this.#begin += size;
    return text;
  }

  /** Skips up to this many bytes. @returns how many */
  skip(max: number): number {
    const skipped = Math.min(this.size, max);
    this.#begin += skipped;
    return skipped;
  }
}

const utf8 = new TextDecoder();
