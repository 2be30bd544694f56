/** What does a request ask for? Its target, of which each part is parsed once. */
import { invalid } from "../../contract/invalid.ts";

/**
 * Longest target, in characters: room for the longest name and the longest user id in one path, percent-encoded. What
 * is read from a target takes time on the thread that also decides claims.
 */
export const TARGET_MAX = 16 * 1024;

/** A request's target (RFC 9112, section 3.2). */
export class Target {
  /** Whether it is longer than {@linkcode TARGET_MAX}: then nothing else of it should be looked at. */
  readonly isTooLong: boolean;
  readonly #url: string;
  readonly #pathStart: number;
  readonly #pathEnd: number;
  #path: string | undefined;
  #segments: readonly string[] | undefined;
  #query: URLSearchParams | undefined;

  /** @param url as the server put it together: the authority, then the target as it was sent */
  constructor(url: string) {
    const slash = url.indexOf("/", 8);
    this.#url = url;
    this.#pathStart = slash < 0 ? url.length : slash;
    this.isTooLong = url.length - this.#pathStart > TARGET_MAX;
    const mark = url.indexOf("?", this.#pathStart);
    this.#pathEnd = mark < 0 ? url.length : mark;
  }

  /** The path as it was sent, still percent-encoded, but without dot segments (RFC 3986, section 5.2.4). */
  get path(): string {
    if (this.#path !== undefined) return this.#path;
    const sent = this.#url.slice(this.#pathStart, this.#pathEnd);
    return this.#path = sent.includes("/.") ? withoutDotSegments(sent) : sent;
  }

  /** What `/` divides in the path; the first is empty. */
  get segments(): readonly string[] {
    return this.#segments ??= this.path.split("/");
  }

  /** The query's parameters. */
  get query(): URLSearchParams {
    return this.#query ??= new URLSearchParams(this.#url.slice(this.#pathEnd));
  }
}

/** `%2e` stays: a segment so written is a name, of which none can be `.` or `..`. */
function withoutDotSegments(path: string): string {
  const kept: string[] = [];
  const segments = path.split("/");
  for (const [place, segment] of segments.entries()) {
    const isDots = segment === "." || segment === "..";
    // The first is what stands before the path's first slash: nothing.
    if (segment === ".." && kept.length > 1) kept.pop();
    if (!isDots) kept.push(segment);
    else if (place === segments.length - 1) kept.push("");
  }
  return kept.join("/");
}

/** Where the variable segments of a pattern stand, among all that `/` divides; by their names. */
export function placesOf(pattern: string): Map<string, number> {
  const segments = pattern.split("/").map((segment, place) => [segment, place] as const);
  return new Map(segments.filter(([segment]) => segment.startsWith(":")));
}

/** Whether a path is one of a pattern's; both as the segments that `/` divides. */
export function patternFits(pattern: readonly string[], given: readonly string[]): boolean {
  return pattern.length === given.length &&
    pattern.every((segment, place) => segment.startsWith(":") ? given[place] !== "" : segment === given[place]);
}

/** A target's segments at some places, decoded. @throws InvalidRequest where they are not well-formed */
export function namesOf(target: Target, places: readonly number[]): string[] {
  if (places.length === 0) return [];
  try {
    return places.map((place) => decodeURIComponent(target.segments[place]!));
  } catch {
    throw invalid("The path must be percent-encoded, well-formed UTF-8");
  }
}
