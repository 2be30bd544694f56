/** Parses a request's target, each part only once; and patterns of paths. */
import { invalid } from "../../contract/invalid.ts";

/**
 * Longest target, in characters: enough for the longest name and the longest user id in one path, percent-encoded. Parsing
 * takes time on the thread that also decides claims.
 */
export const TARGET_MAX = 16 * 1024;

/** A request's target (RFC 9112, section 3.2). */
export class Target {
  /** Whether it is longer than {@linkcode TARGET_MAX}; then it should not be parsed. */
  readonly isTooLong: boolean;
  readonly #url: string;
  readonly #pathStart: number;
  readonly #pathEnd: number;
  #path: string | undefined;
  #segments: readonly string[] | undefined;
  #query: URLSearchParams | undefined;

  /** @param url as the server composed it: the authority and the target as it was sent */
  constructor(url: string) {
    const slash = url.indexOf("/", 8);
    this.#url = url;
    this.#pathStart = slash < 0 ? url.length : slash;
    this.isTooLong = url.length - this.#pathStart > TARGET_MAX;
    const mark = url.indexOf("?", this.#pathStart);
    this.#pathEnd = mark < 0 ? url.length : mark;
  }

  /** The path, still percent-encoded, without dot segments (RFC 3986, section 5.2.4). */
  get path(): string {
    if (this.#path !== undefined) return this.#path;
    const sent = this.#url.slice(this.#pathStart, this.#pathEnd);
    return this.#path = sent.includes("/.") ? withoutDotSegments(sent) : sent;
  }

  /** The segments of the path; the first is empty. */
  get segments(): readonly string[] {
    return this.#segments ??= this.path.split("/");
  }

  get query(): URLSearchParams {
    return this.#query ??= new URLSearchParams(this.#url.slice(this.#pathEnd));
  }
}

/** `%2e` is not a dot segment: a segment written so is a name, and no name is `.` or `..`. */
function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  for (const [place, segment] of segments.entries()) {
    const isDots = segment === "." || segment === "..";
    // The first segment is the empty text before the first slash.
    if (segment === ".." && kept.length > 1) kept.pop();
    if (!isDots) kept.push(segment);
    else if (place === segments.length - 1) kept.push("");
  }
  return kept.join("/");
}

/** The positions of a pattern's variable segments, by name; their names begin with `:`. */
export function placesOf(pattern: string): Map<string, number> {
  const segments = pattern.split("/").map((segment, place) => [segment, place] as const);
  return new Map(segments.filter(([segment]) => segment.startsWith(":")));
}

/** Whether a pattern matches a path; both are segments. */
export function patternFits(pattern: readonly string[], given: readonly string[]): boolean {
  return pattern.length === given.length &&
    pattern.every((segment, place) => segment.startsWith(":") ? given[place] !== "" : segment === given[place]);
}

/** The decoded segments at these positions. @throws InvalidRequest if they are not well-formed */
export function namesOf(target: Target, places: readonly number[]): string[] {
  if (places.length === 0) return [];
  try {
    return places.map((place) => decodeURIComponent(target.segments[place]!));
  } catch {
    throw invalid("The path must be percent-encoded, well-formed UTF-8");
  }
}
