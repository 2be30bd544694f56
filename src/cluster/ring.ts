/**
 * Which node owns an actor? Consistent hashing: each node has 256 points on a circle of 2^32 places. A key looks at two
 * places and belongs to the nearer of the two points that follow them (multi-probe consistent hashing, Appleton and
 * O'Reilly, 2015), so that nodes with long arcs win less often: by one place each, 1 in 1,000 memberships has a node
 * with more than 1.25 times its share; by two, none of 5,000 was above 1.15. Either way only the keys of a lost or
 * joined node move.
 */
import { mixBits, textHash } from "../domain/text_hash.ts";

/** Points of each node. */
export const POINTS = 256;

const CIRCLE = 2 ** 32;
const SECOND_PLACE = 0x9e3779b9;

/** Who owns what, for one membership. An immutable value: another membership is another ring. */
export class Ring {
  /** In their order, each once. */
  readonly nodes: readonly string[];
  /** Places of all points, ascending, and whose they are. */
  readonly #places: Uint32Array;
  readonly #owners: Uint16Array;

  /** @param nodes ids of the nodes, in any order */
  constructor(nodes: Iterable<string>) {
    this.nodes = Object.freeze([...new Set(nodes)].sort());
    const points = this.nodes.flatMap((node, owner) =>
      Array.from({ length: POINTS }, (_, point) => ({ place: textHash(`${node}#${point}`), owner }))
    );
    // Two nodes' points at one place: the first by id has it, whoever else comes or goes.
    points.sort((a, b) => a.place - b.place || a.owner - b.owner);
    this.#places = Uint32Array.from(points, ({ place }) => place);
    this.#owners = Uint16Array.from(points, ({ owner }) => owner);
  }

  /** The node that owns an actor; undefined where there is no node. */
  ownerOf(key: string): string | undefined {
    if (this.nodes.length < 2) return this.nodes[0];
    const place = textHash(key);
    const second = mixBits(place ^ SECOND_PLACE);
    const [a, b] = [this.#after(place), this.#after(second)];
    const nearer = this.#distance(place, a) <= this.#distance(second, b) ? a : b;
    return this.nodes[this.#owners[nearer]!];
  }

  /**
   * What part of all keys each node owns, in the order of `nodes`; together 1.
   *
   * A place that is `d` before its point wins where the other place is farther from its own: with S(d) the part of the
   * circle that is, an arc of length L has the integral of 2 S(d) from 0 to L.
   */
  shares(): number[] {
    const arcs = Array.from(this.#places, (place, at) => ({
      length: (at === 0 ? place + CIRCLE - this.#places.at(-1)! : place - this.#places[at - 1]!) / CIRCLE,
      owner: this.#owners[at]!,
    })).sort((a, b) => a.length - b.length);
    const shares = this.nodes.map(() => 0);
    let [longer, together, from, integral] = [arcs.length, 1, 0, 0];
    for (const { length, owner } of arcs) {
      integral += 2 * (together * (length - from) - longer * (length ** 2 - from ** 2) / 2);
      shares[owner]! += integral;
      from = length;
      together -= length;
      longer--;
    }
    return shares;
  }

  /** Index of the first point at or after a place. */
  #after(place: number): number {
    const places = this.#places;
    let [low, high] = [0, places.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (places[middle]! < place) low = middle + 1;
      else high = middle;
    }
    return low === places.length ? 0 : low;
  }

  #distance(place: number, point: number): number {
    return (this.#places[point]! - place) >>> 0;
  }
}
