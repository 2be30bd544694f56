/**
 * Which requests does a node answer that asks nobody for a token? Whoever reaches it may do everything, and a browser on
 * its machine reaches it for any web page. So such a node answers no request that a page of another site made a browser
 * send, and none under a name that a stranger could have pointed at loopback (DNS rebinding).
 *
 * A program that is no browser sends neither Origin nor Sec-Fetch-Site, and names the node by loopback.
 */

/** Why a request is refused. */
export type OpenRefusal = "host_not_allowed" | "origin_not_allowed" | "cross_site_request";

export interface OpenAccessOptions {
  /** Hosts beside those of loopback: names or addresses, each with a port where only that port counts. */
  readonly hosts: readonly string[];
  /** Origins of pages that may ask. */
  readonly origins: readonly string[];
}

/** Names that lead to loopback (RFC 6761, section 6.3), and its addresses; as a URL parser writes them. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/;

/** A host as it is compared: as a URL parser writes it, without a dot at its end; its port apart, 80 where none is given. */
function hostOf(text: string): { readonly name: string; readonly port: string } | undefined {
  const url = URL.parse(`http://${text}/`);
  if (url === null || url.pathname !== "/" || url.username !== "" || url.search !== "") return undefined;
  return { name: url.hostname.replace(/\.$/, ""), port: url.port || "80" };
}

/** An allowed host in the form in which it is looked up; undefined where it is no host. */
function allowedHostOf(text: string): string | undefined {
  const host = hostOf(text);
  return host !== undefined && /:\d+$/.test(text) ? `${host.name}:${host.port}` : host?.name;
}

/** Tells whether a request may be answered that shows no token. */
export class OpenAccess {
  readonly #hosts: ReadonlySet<string | undefined>;
  readonly #origins: ReadonlySet<string>;
  /** The last authority that was found to be allowed: as a rule that of all requests. */
  #known = "";

  constructor({ hosts, origins }: OpenAccessOptions) {
    this.#hosts = new Set(hosts.map(allowedHostOf));
    this.#origins = new Set(origins);
  }

  /** Why a request is refused; undefined where it is not. Its Host must have been found to be a host. */
  refusalOf(request: Request): OpenRefusal | undefined {
    const { url, headers } = request;
    const authority = url.slice(url.indexOf("//") + 2, url.indexOf("/", 8));
    const host = headers.get("host");
    if (!this.#allows(authority) || host !== null && host !== authority && !this.#allows(host)) {
      return "host_not_allowed";
    }
    const origin = headers.get("origin");
    if (origin !== null) {
      return this.#origins.has(origin) || isOwn(origin, authority) ? undefined : "origin_not_allowed";
    }
    if (headers.get("sec-fetch-site")?.trim().toLowerCase() !== "cross-site") return undefined;
    return isPageVisited(request, url.slice(url.indexOf("/", 8))) ? undefined : "cross_site_request";
  }

  #allows(authority: string): boolean {
    if (authority === this.#known) return true;
    const host = hostOf(authority);
    if (host === undefined) return false;
    const { name, port } = host;
    const allowed = LOOPBACK.test(name) || this.#hosts.has(name) || this.#hosts.has(`${name}:${port}`);
    if (allowed) this.#known = authority;
    return allowed;
  }
}

/** The pages for people, and their files; no dot segments, by which a target may lead elsewhere. */
const PAGES = /^\/(?:docs(?:\/(?:[^./?#][^/?#]*)?)?)?(?:[?#]|$)/;

/** Whether somebody followed a link of another site to a page for people, which that site cannot read. */
function isPageVisited({ method, headers }: Request, target: string): boolean {
  return (method === "GET" || method === "HEAD") && PAGES.test(target) &&
    headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
}

/** Whether a page of this origin came from the node itself; a proxy on the way may have added TLS. */
function isOwn(origin: string, authority: string): boolean {
  const page = URL.parse(origin);
  if (page === null || !/^https?:$/.test(page.protocol)) return false;
  return page.origin === URL.parse(`${page.protocol}//${authority}`)?.origin;
}

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
