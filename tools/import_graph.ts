/** Where does a graph of imports lead back to where it came from? */

/** Each file with those that it imports. */
export type Graph = ReadonlyMap<string, readonly string[]>;

/** The first cycle that is found, with its first file again at its end; empty where there is none. */
export function cycleIn(graph: Graph): string[] {
  const done = new Set<string>();
  const way: string[] = [];
  const follow = (file: string): string[] => {
    const before = way.indexOf(file);
    if (before >= 0) return [...way.slice(before), file];
    if (done.has(file)) return [];
    way.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = follow(next);
      if (cycle.length > 0) return cycle;
    }
    way.pop();
    done.add(file);
    return [];
  };
  for (const file of graph.keys()) {
    const cycle = follow(file);
    if (cycle.length > 0) return cycle;
  }
  return [];
}
