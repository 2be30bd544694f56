/** How do many who ask the same at once cost one statement? Those who ask while it runs share the next one. */

/** A read that is shared. What it brings was read after it was asked for. */
export class SharedRead<T> {
  #current: Promise<T> | undefined;
  #next: Promise<T> | undefined;

  constructor(readonly read: () => Promise<T>) {}

  /** Whether nothing is under way. */
  get isIdle(): boolean {
    return this.#current === undefined && this.#next === undefined;
  }

  /** What `read` brings. @throws whatever it throws, to all who share it */
  get(): Promise<T> {
    if (this.#current === undefined) return this.#start();
    return this.#next ??= this.#current.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#start();
    });
  }

  #start(): Promise<T> {
    const current = this.read();
    const isOver = () => {
      if (this.#current === current) this.#current = undefined;
    };
    this.#current = current;
    current.then(isOver, isOver);
    return current;
  }
}

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
