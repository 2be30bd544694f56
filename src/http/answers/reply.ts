/** What does the server write for an answer whose text is known? That text, without asking the runtime for it. */

/** What an answer is made of. */
export interface Made {
  readonly content: string;
  readonly status: number;
  readonly fields: Record<string, string>;
}

/** As much of a Response as servers, the router and tests use; it makes one only where somebody asks for what only that knows. */
export class Reply {
  readonly #made: Made;
  #response: Response | undefined;

  constructor(made: Made) {
    this.#made = made;
  }

  get status(): number {
    return this.#made.status;
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  readonly statusText = "";

  /** Whoever asks for them may change them. */
  get headers(): Headers {
    return this.#asResponse().headers;
  }

  get body(): Response["body"] {
    return this.#asResponse().body;
  }

  get bodyUsed(): boolean {
    return this.#response?.bodyUsed ?? false;
  }

  text(): Promise<string> {
    return this.#asResponse().text();
  }

  json(): Promise<unknown> {
    return this.#asResponse().json();
  }

  /** What it was made of; undefined where its header fields may have been changed. */
  get asMade(): Made | undefined {
    return this.#response === undefined ? this.#made : undefined;
  }

  #asResponse(): Response {
    const { content, status, fields } = this.#made;
    return this.#response ??= new Response(content, { status, headers: fields });
  }
}

/**
 * An answer that is a text.
 *
 * @param fields header fields, which become its own: names in lower case, values in ASCII and without line ends
 */
export function reply(content: string, status: number, fields: Record<string, string>): Response {
  return new Reply({ content, status, fields }) as unknown as Response;
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
