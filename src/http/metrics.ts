/** The metrics of a node: plain numbers on the hot path, converted to Prometheus's format when they are scraped. */
import { Counter, Gauge, type Metric, Registry } from "prom-client";
import type { Answered } from "./answers/answer.ts";
import { headersOf, type RequestId } from "./requests/request_id.ts";

/**
 * A histogram without labels. An observation costs a search and two additions. The histogram of prom-client hashes its
 * labels even if there are none, which for a turn of one claim takes half as long as the rules.
 */
export class Distribution {
  /** Observations per bucket, not cumulated; the last bucket is beyond all bounds. */
  readonly #counts: number[];
  #sum = 0;

  /** @param bounds upper bounds of the buckets, inclusive and rising */
  constructor(registry: Registry, readonly name: string, readonly help: string, readonly bounds: readonly number[]) {
    this.#counts = new Array(bounds.length + 1).fill(0);
    const shown = () => ({ name, help, type: "histogram", aggregator: "sum", values: this.#values() });
    registry.registerMetric({ name, get: () => Promise.resolve(shown()) } as unknown as Metric);
  }

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

/** Bounds of the histograms' buckets. */
const TURN_SIZES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000];
const COMMIT_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5];

/** Values that are read only when the metrics are scraped. */
export interface Gauges {
  readonly actorsAwake: () => number;
  readonly mailboxDepth: () => number;
  readonly streams: () => number;
  /** Seconds since PostgreSQL confirmed a commit. */
  readonly commitAge: () => number;
  /** Seconds since the registry of nodes answered; NaN if it never did or there is none. */
  readonly registryAge: () => number;
  /** Seconds by which PostgreSQL's time may be ahead of this node's. */
  readonly clockUncertainty: () => number;
}

/** A counter with one or two labels. */
export class Tally {
  readonly #counts = new Map<string, Map<string | number, number>>();

  constructor(registry: Registry, name: string, help: string, labels: readonly [string, string?]) {
    const counts = this.#counts;
    new Counter({
      name,
      help,
      labelNames: labels.filter((label) => label !== undefined),
      registers: [registry],
      collect() {
        this.reset();
        for (const [first, seconds] of counts) {
          for (const [second, count] of seconds) {
            this.inc({ [labels[0]]: first, ...labels[1] !== undefined && { [labels[1]]: String(second) } }, count);
          }
        }
      },
    });
  }

  /** Adds one, or `count`. */
  count(first: string, second: string | number = "", times = 1): void {
    let seconds = this.#counts.get(first);
    if (seconds === undefined) this.#counts.set(first, seconds = new Map());
    seconds.set(second, (seconds.get(second) ?? 0) + times);
  }
}

/** All metrics of a node. */
export class Metrics {
  readonly #registry = new Registry();
  readonly requests = new Tally(this.#registry, "doorbuster_requests_total", "Requests by route and status", [
    "route",
    "status",
  ]);
  readonly claims = new Tally(this.#registry, "doorbuster_claims_total", "Claims by outcome", ["code"]);
  readonly checkouts = new Tally(this.#registry, "doorbuster_checkouts_total", "Checkouts by outcome", ["code"]);
  readonly purchases = new Tally(this.#registry, "doorbuster_purchases_total", "Purchases by outcome", ["code"]);
  readonly #turnSize = new Distribution(this.#registry, "doorbuster_turn_commands", "Commands in a turn", TURN_SIZES);
  readonly #commitSeconds = new Distribution(
    this.#registry,
    "doorbuster_commit_seconds",
    "Time of a commit, sent to answered",
    COMMIT_SECONDS,
  );
  readonly #commitParts = this.#counter("doorbuster_commit_parts_total", "Turns stored by commits");
  readonly #activations = this.#counter("doorbuster_activations_total", "Actors loaded into memory");
  readonly #fenced = this.#counter(
    "doorbuster_fenced_writes_total",
    "Turns not stored since another owner has the actor",
  );
  readonly #dataErrors = this.#counter("doorbuster_data_errors_total", "Turns whose rows were refused");
  readonly #disconnects = this.#counter("doorbuster_lane_disconnects_total", "Lane sessions lost or not had");

  readonly forwards = new Tally(
    this.#registry,
    "doorbuster_forwards_total",
    "Commands sent to another node by outcome",
    ["outcome"],
  );
  readonly #ringChanges = this.#counter("doorbuster_ring_changes_total", "Rings of other nodes than before");
  readonly #handOffs = this.#counter("doorbuster_hand_offs_total", "Awake actors that another node owns now");
  readonly #takeOvers = this.#counter(
    "doorbuster_take_overs_total",
    "Commands decided here since their owner could not be reached",
  );
  readonly #audits = this.#counter("doorbuster_audits_total", "Audits that came to their end");
  readonly #audited = { findings: 0, busy: 0 };

  constructor(gauges: Gauges) {
    this.#gauge("doorbuster_actors_awake", "Actors in memory", gauges.actorsAwake);
    this.#gauge("doorbuster_mailbox_depth", "Commands that wait, over all actors", gauges.mailboxDepth);
    this.#gauge("doorbuster_streams", "Event streams that are open", gauges.streams);
    const commitAge = "Time since a commit was confirmed; an idle node makes one each second";
    this.#gauge("doorbuster_last_commit_age_seconds", commitAge, gauges.commitAge);
    this.#gauge("doorbuster_registry_age_seconds", "Time since the registry of nodes answered", gauges.registryAge);
    const uncertainty = "Time by which the database's clock may be ahead of this node's";
    this.#gauge("doorbuster_clock_uncertainty_seconds", uncertainty, gauges.clockUncertainty);
    const findings = "Counters and rows that contradicted others in the last audit";
    this.#gauge("doorbuster_audit_findings", findings, () => this.#audited.findings);
    this.#gauge("doorbuster_audit_busy", "What moved too much for the last audit", () => this.#audited.busy);
  }

  /** An actor was loaded. */
  activated(): void {
    this.#activations.inc();
  }

  /** An actor's turn was fenced. */
  fenced(): void {
    this.#fenced.inc();
  }

  /** A turn of this many commands was decided. */
  turned(commands: number): void {
    this.#turnSize.observe(commands);
  }

  /** A commit of this many turns was confirmed. */
  committed(seconds: number, parts: number): void {
    this.#commitSeconds.observe(seconds);
    this.#commitParts.inc(parts);
  }

  /** PostgreSQL refused a turn's rows. */
  dataError(): void {
    this.#dataErrors.inc();
  }

  /** A lane lost its session or could not open one. */
  disconnected(): void {
    this.#disconnects.inc();
  }

  /** The ring's members changed. */
  ringChanged(): void {
    this.#ringChanges.inc();
  }

  /** This many awake actors moved to other nodes. */
  handedOff(actors: number): void {
    this.#handOffs.inc(actors);
  }

  /** A command that another node owns by the ring was decided here. */
  tookOver(): void {
    this.#takeOvers.inc();
  }

  /** An audit ended, with this many findings and this many objects that changed too often to be audited. */
  audited(findings: number, busy: number): void {
    this.#audits.inc();
    Object.assign(this.#audited, { findings, busy });
  }

  /** All metrics in Prometheus's text format. */
  async show(id: RequestId): Promise<Answered> {
    const headers = headersOf(id, this.#registry.contentType);
    return { response: new Response(await this.#registry.metrics(), { headers }), code: undefined, error: undefined };
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name, help, registers: [this.#registry] });
  }

  #gauge(name: string, help: string, value: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(value());
      },
    });
  }
}
