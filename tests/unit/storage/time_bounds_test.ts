/** By how much may a node's time be ahead of PostgreSQL's, or behind it? Not by more than `TimeBounds` states. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { DRIFT, TimeBounds } from "../../../src/storage/postgres_clock.ts";

/** What rounding may add, in milliseconds: both clocks are numbers of 53 bits. */
const ROUNDING_MS = 0.01;

/** Something that happens to both clocks. */
type Step =
  /** Time passes; PostgreSQL's clock runs by so much faster than this process's. */
  | { readonly kind: "pass"; readonly ms: number; readonly faster: number }
  /** This machine sleeps: only PostgreSQL's time passes. */
  | { readonly kind: "sleep"; readonly ms: number }
  /** PostgreSQL's clock is set, forward or back. */
  | { readonly kind: "set"; readonly ms: number };

/** A reading, with what happens while its question, and its answer, are on their way. */
interface Reading {
  readonly kind: "read";
  readonly asking: readonly Step[];
  readonly answering: readonly Step[];
  /** Whether the answer never arrives. */
  readonly isLost: boolean;
}

/** A node and PostgreSQL, each with its clock, and what the node may be off by. */
class World {
  monotonic = 5_000;
  postgres = Date.UTC(2026, 10, 21, 14);
  readonly bounds = new TimeBounds();
  /** Of the last reading that was answered. */
  #roundTripMs = 0;
  #wasSetBack = false;
  #wasSetForward = false;
  /** Since the moment of that reading. */
  #since = { setBackMs: 0, forwardMs: 0, passedMs: 0 };
  #wasRead = false;

  step(step: Step): void {
    if (step.kind === "pass") {
      this.monotonic += step.ms;
      this.postgres += step.ms * (1 + step.faster * DRIFT);
      this.#since.passedMs += step.ms;
    } else {
      this.postgres += step.ms;
      if (step.ms > 0) this.#since.forwardMs += step.ms;
      else this.#since.setBackMs -= step.ms;
    }
    this.check();
  }

  read({ asking, answering, isLost }: Reading): void {
    const sentAt = this.monotonic;
    for (const step of asking) this.step(step);
    const told = this.postgres;
    const before = this.#since;
    const after = { setBackMs: 0, forwardMs: 0, passedMs: 0 };
    for (const step of answering) {
      this.step(step);
      if (step.kind === "pass") after.passedMs += step.ms;
      else if (step.ms > 0) after.forwardMs += step.ms;
      else after.setBackMs -= step.ms;
    }
    if (isLost) return;
    this.bounds.read(told, sentAt, this.monotonic);
    this.#roundTripMs = this.monotonic - sentAt;
    if (this.#wasRead && before.setBackMs > after.setBackMs) this.#wasSetBack = true;
    if (this.#wasRead && before.forwardMs > after.forwardMs) this.#wasSetForward = true;
    this.#since = after;
    this.#wasRead = true;
    this.check();
  }

  /** By so much it may be ahead. */
  get aheadMax(): number {
    const unseen = this.#wasSetBack ? this.#roundTripMs * (1 + DRIFT) : 0;
    return unseen + this.#since.setBackMs + ROUNDING_MS;
  }

  check(): void {
    if (!this.#wasRead) return assert.equal(this.bounds.earliest(this.monotonic), -Infinity);
    const ahead = this.bounds.earliest(this.monotonic) - this.postgres;
    assert(ahead <= this.aheadMax, `ahead by ${ahead} ms of ${this.aheadMax} ms`);
    const { forwardMs, passedMs } = this.#since;
    const behindMax = this.#roundTripMs * (1 + DRIFT) + forwardMs + 2 * DRIFT * passedMs + ROUNDING_MS;
    assert(-ahead <= behindMax, `behind by ${-ahead} ms of ${behindMax} ms`);
    if (this.#since.setBackMs > 0 || this.#wasSetBack) return;
    const early = this.postgres - this.bounds.latest(this.monotonic);
    // What a reading may leave unseen of a clock that was set before it: as much as its round trip.
    const unseen = this.#wasSetForward ? this.#roundTripMs * (1 + DRIFT) : 0;
    assert(early <= unseen + forwardMs + ROUNDING_MS, `later than the latest by ${early} ms`);
  }
}

const faster = fc.double({ min: -1, max: 1, noNaN: true });
const pass = (max: number) =>
  fc.record({ kind: fc.constant("pass" as const), ms: fc.double({ min: 0, max, noNaN: true }), faster });
const sleep = fc.record({ kind: fc.constant("sleep" as const), ms: fc.integer({ min: 1, max: 3_600_000 }) });
const setForward = fc.record({ kind: fc.constant("set" as const), ms: fc.integer({ min: 1, max: 7_200_000 }) });
const setBack = fc.record({
  kind: fc.constant("set" as const),
  ms: fc.oneof(fc.integer({ min: -50, max: -1 }), fc.integer({ min: -7_200_000, max: -1 })),
});

function readings(step: fc.Arbitrary<Step>): fc.Arbitrary<Reading> {
  // Most are quick, some take seconds, one way or the other.
  const delay = fc.oneof(fc.array(pass(1), { maxLength: 2 }), fc.array(step, { maxLength: 4 }));
  const isLost = fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0);
  return fc.record({ kind: fc.constant("read" as const), asking: delay, answering: delay, isLost });
}

function histories(step: fc.Arbitrary<Step>): fc.Arbitrary<readonly (Step | Reading)[]> {
  return fc.array(fc.oneof({ weight: 2, arbitrary: readings(step) }, step), { minLength: 1, maxLength: 60 });
}

function live(history: readonly (Step | Reading)[]): World {
  const world = new World();
  for (const each of history) each.kind === "read" ? world.read(each) : world.step(each);
  return world;
}

Deno.test("earliest() is never ahead of a PostgreSQL whose clock is not set back, whatever the network does", () => {
  const steps = fc.oneof(pass(5_000), sleep, setForward);
  fc.assert(
    fc.property(histories(steps), (history) => {
      const world = live(history);
      assert.equal(world.aheadMax, ROUNDING_MS);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("earliest() is off by no more than stated where PostgreSQL's clock is set, either way, at any time", () => {
  const steps = fc.oneof(pass(5_000), sleep, setForward, setBack);
  fc.assert(fc.property(histories(steps), (history) => void live(history)), { numRuns: 4_000 });
});

Deno.test("readings that wait for seconds on a busy server move the time by nothing", () => {
  const bounds = new TimeBounds();
  bounds.read(5_000_000, 0, 1);
  for (let second = 1; second <= 60; second++) {
    const sentAt = 1_000 * second;
    // The statement is run at once, or when the answer is nearly due.
    bounds.read(5_000_000 + sentAt + (second % 2) * 1_900, sentAt, sentAt + 1_900);
    const ahead = bounds.earliest(sentAt + 1_900) - (5_000_000 + sentAt + 1_900);
    assert(ahead <= 0 && ahead >= -1 - 62_000 * DRIFT, `${ahead} ms ahead`);
    const latest = bounds.latest(sentAt + 1_900) - (5_000_000 + sentAt + 1_900);
    assert(latest >= 0 && latest <= 2 + 62_000 * DRIFT, `${latest} ms ahead at most`);
  }
});

Deno.test("the quickest of the readings counts, and one that contradicts it counts alone", () => {
  const bounds = new TimeBounds();
  bounds.read(5_000_100, 0, 200);
  assert.equal(bounds.earliest(200), 5_000_100);
  bounds.read(5_000_205, 200, 210);
  assert.equal(bounds.earliest(210), 5_000_205);
  bounds.read(5_000_900, 210, 1_500);
  assert(Math.abs(bounds.earliest(1_500) - 5_001_495) < 2, "a slow one is left");
  bounds.read(5_600_000, 1_500, 2_500);
  assert.equal(bounds.earliest(2_500), 5_600_000, "set forward by ten minutes");
  bounds.read(5_003_000, 2_500, 3_500);
  assert.equal(bounds.earliest(3_500), 5_003_000, "and back again");
});
