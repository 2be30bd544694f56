/** Reads of many things by their keys, each shared by all who ask for it at once. */
import { SharedRead } from "./shared_read.ts";

/** Reads that are shared. What each brings was read after it was asked for, and is the same object for all. */
export class SharedReads<T> {
  /** Those that are under way. */
  readonly #reads = new Map<string, SharedRead<T>>();

  /**
   * What `read` brings.
   *
   * @param key of what is read: for equal keys, either's `read` may be called
   * @throws whatever it throws, to all who share it
   */
  async get(key: string, read: () => Promise<T>): Promise<T> {
    let shared = this.#reads.get(key);
    if (shared === undefined) this.#reads.set(key, shared = new SharedRead(read));
    try {
      return await shared.get();
    } finally {
      if (shared.isIdle && this.#reads.get(key) === shared) this.#reads.delete(key);
    }
  }

  /** Things that are being read. */
  get size(): number {
    return this.#reads.size;
  }
}
