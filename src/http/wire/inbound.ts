/** What came over a connection and was not taken yet? */
import { Buffer } from "node:buffer";
import { HEAD_MAX } from "./request_head.ts";

/** What a connection that rests keeps, in bytes. */
const SIZE = 4 * 1024;
const SHORT_HEAD = 1024;
const CR = 0x0d;
const LF = 0x0a;

/** The bytes that were read from a connection. One read is out at a time, whoever asked for it. */
export class Inbound {
  readonly #connection: Pick<Deno.Conn, "read">;
  // Methods of Uint8Array are many times faster here than those of Buffer, but for reading Latin-1.
  #bytes = new Uint8Array(SIZE);
  #text = Buffer.from(this.#bytes.buffer);
  #begin = 0;
  #end = 0;
  /** Where to look on for the end of a head: what is before it was looked at. */
  #looked = 0;
  #reading: Promise<boolean> | undefined;

  constructor(connection: Pick<Deno.Conn, "read">) {
    this.#connection = connection;
  }

  /** How many bytes are there to take. */
  get size(): number {
    return this.#end - this.#begin;
  }

  /** Whether no more fits before something is taken. */
  get isFull(): boolean {
    return this.size >= HEAD_MAX;
  }

  /** Reads more. @returns false where the client sends no more */
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

  /** Takes a head, without the empty line at its end; undefined where it is not there whole. */
  takeHead(): string | undefined {
    // Empty lines before a request are ignored (RFC 9112, section 2.2).
    while (this.#begin + 1 < this.#end && this.#bytes[this.#begin] === CR && this.#bytes[this.#begin + 1] === LF) {
      this.#begin += 2;
    }
    const bytes = this.#bytes;
    if (this.#looked <= this.#begin) {
      // As a rule a head is there whole, and short: to look for its end in a text is faster.
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

  /** Takes a line, without CR LF at its end; undefined where it is not there whole. @throws RangeError over `max` */
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

  /** Takes up to so many bytes of those that are there, as a copy. */
  take(max: number): Uint8Array<ArrayBuffer> {
    const end = Math.min(this.#end, this.#begin + max);
    const taken = this.#bytes.slice(this.#begin, end);
    this.#begin = end;
    return taken;
  }

  /** Takes so many bytes, all of which are there, as the text that they encode in UTF-8. */
  takeText(size: number): string {
    const text = utf8.decode(this.#bytes.subarray(this.#begin, this.#begin + size));
    this.#begin += size;
    return text;
  }

  /** Leaves out up to so many bytes of those that are there. @returns how many */
  skip(max: number): number {
    const skipped = Math.min(this.size, max);
    this.#begin += skipped;
    return skipped;
  }
}

const utf8 = new TextDecoder();
