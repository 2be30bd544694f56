/** What many share is put into words once: a page of 100 rows takes longer to show than to send. */

/** The texts of values that are shared, for as long as anyone has them. */
export class ShownOnce<T extends object> {
  readonly #texts = new WeakMap<T, string>();

  /** The JSON of what `show` makes of a value; for one value it is to make the same each time. */
  json(value: T, show: (value: T) => unknown): string {
    let text = this.#texts.get(value);
    if (text === undefined) this.#texts.set(value, text = JSON.stringify(show(value)));
    return text;
  }
}
