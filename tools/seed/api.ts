/** How does the seeding ask a node? As its administrator, and with every answer that is not expected told as an error. */

/** A node answered what it should not, or not at all. */
export class SeedError extends Error {
  override readonly name = "SeedError";
}

/** What came back. */
export interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- answers are looked at field by field
  readonly body: any;
}

/** A running node. */
export class Api {
  /**
   * @param url without a slash at its end
   * @param token the admin token; undefined of a node that runs open
   */
  constructor(readonly url: string, readonly token: string | undefined) {}

  /**
   * Asks.
   *
   * @param allowed statuses
   * @throws SeedError where another comes, or nothing
   */
  async ask(method: string, path: string, allowed: readonly number[], body?: unknown): Promise<Answer> {
    const headers: Record<string, string> = {
      ...body !== undefined && { "content-type": "application/json" },
      ...this.token !== undefined && { authorization: `Bearer ${this.token}` },
    };
    const text = body === undefined ? null : JSON.stringify(body);
    const response = await fetch(this.url + path, { method, headers, body: text }).catch((error: Error) => {
      throw new SeedError(`Cannot reach ${this.url}: ${error.message}`);
    });
    const said = await response.text();
    if (!allowed.includes(response.status)) {
      const hint = response.status === 401 ? "; set ADMIN_TOKEN to the node's" : "";
      throw new SeedError(
        `Cannot ${method} ${path}: the node answered ${response.status} ${said.slice(0, 300)}${hint}`,
      );
    }
    return { status: response.status, body: said.startsWith("{") || said.startsWith("[") ? JSON.parse(said) : said };
  }
}
