/** Does a request's Host name a host, and nothing else? */

const HOST = /^(?:[\w.-]+|\[[\da-fA-F:.]+\])(?::\d*)?$/;

function isHost(text: string): boolean {
  return HOST.test(text) && URL.canParse(`http://${text}/`);
}

/**
 * The server puts a request's URL together from its Host header: a `/` or `?` in there would stand where the path is
 * looked for, and a port or an address that cannot be would make it no URL at all.
 */
export class HostCheck {
  /** The last one that was looked at and is one: as a rule that of all requests. */
  #known = "";

  /** Whether the Host and the URL's authority each are a host, with or without a port. */
  allows({ url, headers }: Request): boolean {
    const begin = url.indexOf("//") + 2;
    const end = url.indexOf("/", begin);
    if (end < 0) return false; // as of `OPTIONS *`
    const authority = url.slice(begin, end);
    const host = headers.get("host") ?? authority;
    if (host === authority && host === this.#known) return true;
    // They differ where the request names a whole URL (RFC 9112, 3.2.2), which is then the one that counts.
    if (!isHost(authority) || host !== authority && !isHost(host)) return false;
    this.#known = authority;
    return true;
  }
}
