/** How often did a number fall between which bounds? Counted plainly; put in Prometheus's form when it is asked for. */
import type { Metric, Registry } from "prom-client";

/**
 * A histogram without labels. An observation is a search and two additions: that of prom-client hashes labels that are
 * not there, which for a turn of one claim takes half as long as its rules.
 */
export class Distribution {
  /** By bound, each for itself; the last are those beyond all bounds. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds of its buckets, rising; a number that equals one is in its bucket */
  constructor(registry: Registry, readonly name: string, readonly help: string, readonly bounds: readonly number[]) {
    this.#counts = new Array(bounds.length + 1).fill(0);
    const shown = () => ({ name, help, type: "histogram", aggregator: "sum", values: this.#values() });
    registry.registerMetric({ name, get: () => Promise.resolve(shown()) } as unknown as Metric);
  }

  /** Counts a number. */
  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.bounds.length && value > this.bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
  }

  #values(): { metricName: string; labels: Record<string, string | number>; value: number }[] {
    const metricName = `${this.name}_bucket`;
    let count = 0;
    const buckets = this.#counts.map((more, bucket) => {
      count += more;
      return { metricName, labels: { le: this.bounds[bucket] ?? "+Inf" }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${this.name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${this.name}_count`, labels: {}, value: count },
    ];
  }
}
