/** What does a path name? Patterns of paths, whose variable segments begin with `:`. */
import { BadRequest } from "./problem.ts";

/** Where the variable segments of a pattern stand, among all that `/` divides; by their names. */
export function placesOf(pattern: string): Map<string, number> {
  const segments = pattern.split("/").map((segment, place) => [segment, place] as const);
  return new Map(segments.filter(([segment]) => segment.startsWith(":")));
}

/** Whether a path, as it was sent, is one of a pattern's. */
export function patternFits(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return wanted.length === given.length &&
    wanted.every((segment, place) => segment.startsWith(":") ? given[place] !== "" : segment === given[place]);
}

/** A URL's path as it was sent: what the router looks at, with its `\`, `.` and `..` as they are. */
export function pathOf(url: string): string {
  return url.slice(url.indexOf("/", 8)).replace(/[?#].*$/s, "");
}

/** The path's segments at some places, decoded. @throws BadRequest where they are not well-formed */
export function namesOf(url: string, places: readonly number[]): string[] {
  if (places.length === 0) return [];
  const segments = pathOf(url).split("/");
  try {
    return places.map((place) => decodeURIComponent(segments[place]!));
  } catch {
    throw new BadRequest("invalid_request", "The path must be percent-encoded, well-formed UTF-8");
  }
}
