/**
 * Protects a node that asks for no tokens. Whoever reaches such a node may do everything, and a browser on its machine
 * reaches it on behalf of any web page. So it refuses requests that a page of another site made a browser send, and
 * requests under a host name that a stranger could have pointed at loopback (DNS rebinding).
 *
 * Programs other than browsers send neither Origin nor Sec-Fetch-Site, and address the node by loopback.
 */

/** Why a request is refused. */
export type OpenRefusal = "host_not_allowed" | "origin_not_allowed" | "cross_site_request";

export interface OpenAccessOptions {
  /** Allowed hosts in addition to loopback: names or addresses, with a port if only that port is allowed. */
  readonly hosts: readonly string[];
  /** Origins of pages that may send requests. */
  readonly origins: readonly string[];
}

/** Names (RFC 6761, section 6.3) and addresses of loopback, as a URL parser writes them. */
const LOOPBACK = /^(?:(?:.+\.)?localhost|127\.\d+\.\d+\.\d+|\[::1\]|\[::ffff:7f[\da-f]{2}:[\da-f]{1,4}\])$/;

/** A host as it is compared: as a URL parser writes it, without a trailing dot; and its port, 80 by default. */
function hostOf(text: string): { readonly name: string; readonly port: string } | undefined {
  const url = URL.parse(`http://${text}/`);
  if (url === null || url.pathname !== "/" || url.username !== "" || url.search !== "") return undefined;
  return { name: url.hostname.replace(/\.$/, ""), port: url.port || "80" };
}

/** An allowed host in the form that is looked up; undefined if it is not a host. */
function allowedHostOf(text: string): string | undefined {
  const host = hostOf(text);
  return host !== undefined && /:\d+$/.test(text) ? `${host.name}:${host.port}` : host?.name;
}

/** Decides whether a request without a token may be answered. */
export class OpenAccess {
  readonly #hosts: ReadonlySet<string | undefined>;
  readonly #origins: ReadonlySet<string>;
  /** The last authority that was allowed: usually that of all requests. */
  #known = "";

  constructor({ hosts, origins }: OpenAccessOptions) {
    this.#hosts = new Set(hosts.map(allowedHostOf));
    this.#origins = new Set(origins);
  }

  /** Why a request is refused; undefined if it is not. {@linkcode HostCheck} must have accepted it. */
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

/** The pages for people and their files, without dot segments, which could lead elsewhere. */
const PAGES = /^\/(?:docs(?:\/(?:[^./?#][^/?#]*)?)?)?(?:[?#]|$)/;

/** Whether a person followed a link on another site to a page for people; that site cannot read the page. */
function isPageVisited({ method, headers }: Request, target: string): boolean {
  return (method === "GET" || method === "HEAD") && PAGES.test(target) &&
    headers.get("sec-fetch-mode") === "navigate" && headers.get("sec-fetch-dest") === "document";
}

/** Whether a page of this origin came from the node itself; a proxy in front of it may have added TLS. */
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
 * Checks that Host is a host. The server composes a request's URL from it: a `/` or `?` in it would be taken for the path,
 * and an impossible port or address would not give a URL.
 */
export class HostCheck {
  /** The last one that was accepted: usually that of all requests. */
  #known = "";

  /** Whether Host and the URL's authority are hosts, with or without a port. */
  allows({ url, headers }: Request): boolean {
    const begin = url.indexOf("//") + 2;
    const end = url.indexOf("/", begin);
    if (end < 0) return false; // such as `OPTIONS *`
    const authority = url.slice(begin, end);
    const host = headers.get("host") ?? authority;
    if (host === authority && host === this.#known) return true;
    // They differ if the request has an absolute URL (RFC 9112, 3.2.2), which then takes precedence.
    if (!isHost(authority) || host !== authority && !isHost(host)) return false;
    this.#known = authority;
    return true;
  }
}
