/** Time and randomness, as a port that tests can replace. */

/** One moment, read from both clocks. */
export interface ClockReading {
  /** {@linkcode Clock.now} */
  readonly now: number;
  /** {@linkcode Clock.monotonic} */
  readonly monotonic: number;
}

export interface Clock {
  /** PostgreSQL's time, in milliseconds since the Unix epoch; never runs backwards. */
  now(): number;
  /** PostgreSQL's time by the last reading, which may run backwards: after it was set, nodes soon agree on it. */
  shared(): number;
  /** This process's monotonic time, in milliseconds. */
  monotonic(): number;
  /** Calls back after the pending events have been handled; much sooner than a timer. */
  soon(callback: () => void): void;
  /** Calls back once after this many milliseconds. @returns a function that cancels it */
  after(delayMs: number, callback: () => void): () => void;
  /** A random number from 0 (inclusive) to 1 (exclusive). */
  random(): number;
}
