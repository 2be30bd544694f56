/** Serializes shared values once: a page of 100 rows takes longer to serialize than to send. */

/** The JSON of shared values, kept for as long as the values are. */
export class ShownOnce<T extends object> {
  readonly #texts = new WeakMap<T, string>();

  /** The JSON of `show(value)`. For one value, `show` must always give the same result. */
  json(value: T, show: (value: T) => unknown): string {
    let text = this.#texts.get(value);
    if (text === undefined) this.#texts.set(value, text = JSON.stringify(show(value)));
    return text;
  }
}
