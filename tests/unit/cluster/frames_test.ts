import assert from "node:assert/strict";
import fc from "fast-check";
import { FRAME_HEAD, framed, framedText, FrameStream, type Stream, WAITING_MAX } from "../../../src/cluster/frames.ts";
import { settle } from "../../support/fake_clock.ts";

/** A connection whose other end is the test. */
class HeldStream implements Stream {
  readonly written: Uint8Array[] = [];
  /** Most bytes that a write takes; 0: it waits for ever. */
  writes = Infinity;
  closed = 0;
  readonly #arrived: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => {};

  /** Lets bytes arrive in one piece. */
  arrive(bytes: Uint8Array): void {
    this.#arrived.push(bytes);
    this.#wake();
  }

  hangUp(): void {
    this.#ended = true;
    this.#wake();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#arrived.length === 0) {
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const bytes = this.#arrived.shift()!;
    const part = bytes.subarray(0, buffer.length);
    buffer.set(part);
    if (part.length < bytes.length) this.#arrived.unshift(bytes.subarray(part.length));
    return part.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.writes === 0) return new Promise(() => {});
    const part = bytes.slice(0, this.writes);
    this.written.push(part);
    return Promise.resolve(part.length);
  }

  close(): void {
    this.closed++;
    this.hangUp();
  }
}

/** Frames that have arrived, as texts, and how it ended. */
function follow(stream: HeldStream, frameMax: number): { frames: FrameStream; heard: string[]; ends: boolean[] } {
  const [heard, ends] = [[] as string[], [] as boolean[]];
  const frames = new FrameStream(stream, frameMax);
  frames.onFrame = (frame) => void heard.push(new TextDecoder().decode(frame));
  frames.onEnd = (garbage) => void ends.push(garbage);
  frames.start();
  return { frames, heard, ends };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

Deno.test("frames arrive whole and in order, however their bytes were cut", async () => {
  const texts = fc.array(fc.string({ unit: "grapheme", maxLength: 50 }), { maxLength: 12 });
  await fc.assert(fc.asyncProperty(texts, fc.array(fc.integer({ min: 1, max: 40 })), async (texts, cuts) => {
    const stream = new HeldStream();
    const { heard, ends } = follow(stream, 1_000);
    let rest = joined(texts.map(framedText));
    for (const cut of cuts) {
      stream.arrive(rest.slice(0, cut));
      rest = rest.slice(cut);
      if (rest.length === 0) break;
    }
    if (rest.length > 0) stream.arrive(rest);
    stream.hangUp();
    while (ends.length === 0) await settle();
    assert.deepEqual(heard, texts.map((text) => text.toWellFormed()));
    assert.deepEqual([ends, stream.closed], [[false], 1]);
  }));
});

Deno.test("a frame that is too long ends a stream at its head, before any of it is kept", async () => {
  const stream = new HeldStream();
  const { heard, ends } = follow(stream, 10);
  stream.arrive(joined([framedText("x".repeat(10)), framed(11).subarray(0, FRAME_HEAD)]));
  await settle();
  assert.deepEqual([heard, ends], [["x".repeat(10)], [true]]);
});

Deno.test("a stream that ends within a frame says nothing of it", async () => {
  const stream = new HeldStream();
  const { heard, ends } = follow(stream, 100);
  stream.arrive(framedText("x".repeat(50)).subarray(0, 30));
  stream.hangUp();
  await settle();
  assert.deepEqual([heard, ends], [[], [false]]);
});

Deno.test("a frame leaves at once; those that are sent meanwhile leave together, whatever part a write takes", async () => {
  const stream = new HeldStream();
  const { frames } = follow(stream, 100);
  stream.writes = 7;
  for (const text of ["one", "two", "three"]) frames.send(framedText(text));
  assert.equal(stream.written.length, 1);
  await settle();
  assert.deepEqual(joined(stream.written), joined(["one", "two", "three"].map(framedText)));
  stream.writes = Infinity;
  stream.written.length = 0;
  for (const text of ["one", "two", "three"]) frames.send(framedText(text));
  await settle();
  assert.deepEqual(stream.written.map(({ length }) => length), [7, 7 + 9]);
});

Deno.test("an end that reads nothing is given up before too much waits for it, and nothing more is kept", () => {
  const stream = new HeldStream();
  const { frames, ends } = follow(stream, 100);
  stream.writes = 0;
  const frame = framed(1_000_000 - FRAME_HEAD);
  for (let waiting = 0; waiting + 1_000_000 <= WAITING_MAX; waiting += 1_000_000) frames.send(frame);
  assert.deepEqual(ends, []);
  frames.send(frame);
  assert.deepEqual([ends, stream.closed], [[false], 1]);
  frames.send(frame);
  frames.close();
  assert.deepEqual([ends, stream.closed], [[false], 1], "once");
});
