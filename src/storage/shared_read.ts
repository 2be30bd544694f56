/** How do many who ask the same at once cost one statement? Who comes while one is under way shares the next. */

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
