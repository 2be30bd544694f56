/** What does a path name? Patterns of paths, whose variable segments begin with `:`. */
import { invalid } from "../../contract/invalid.ts";
import type { Target } from "./target.ts";

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
