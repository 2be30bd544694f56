/** What does the server write for an answer whose text is known? That text, without asking the runtime for it. */

/** What an answer is made of. */
export interface Made {
  readonly content: string;
  readonly status: number;
  readonly fields: Record<string, string>;
}

/** An answer that is a text. */
export class Reply extends Response {
  readonly #made: Made;
  #isAsMade = true;

  /** @param fields header fields, which become its own: names in lower case, values in ASCII and without line ends */
  constructor(content: string, status: number, fields: Record<string, string>) {
    super(content, { status, headers: { "content-type": fields["content-type"]! } });
    this.#made = { content, status, fields };
  }

  /** Whoever asks for them may change them. To make them takes longer than to write them, so it is done only then. */
  override get headers(): Headers {
    const headers = super.headers;
    if (this.#isAsMade) {
      this.#isAsMade = false;
      const { fields } = this.#made;
      for (const name in fields) headers.set(name, fields[name]!);
    }
    return headers;
  }

  /** What it was made of; undefined where its header fields may have been changed. */
  get asMade(): Made | undefined {
    return this.#isAsMade ? this.#made : undefined;
  }
}

/** Whether an answer has a header field. @param name in lower case */
export function hasField(response: Response, name: string): boolean {
  const made = response instanceof Reply ? response.asMade : undefined;
  return made === undefined ? response.headers.has(name) : Object.hasOwn(made.fields, name);
}

/** Sets a header field of an answer; of one whose text is known without more ado. @param name and `value` as of a Reply */
export function setField(response: Response, name: string, value: string): void {
  const made = response instanceof Reply ? response.asMade : undefined;
  if (made === undefined) response.headers.set(name, value);
  else made.fields[name] = value;
}
