/** Where do time and chance come from? From outside, so that tests can set them. */

/** One moment by both clocks. */
export interface ClockReading {
  /** {@linkcode Clock.now} */
  readonly now: number;
  /** {@linkcode Clock.monotonic} */
  readonly monotonic: number;
}

/** Time and chance, for those who may not have their own. */
export interface Clock {
  /** Postgres's time, in milliseconds since the Unix epoch; never runs backwards. */
  now(): number;
  /** Postgres's time as it was read last, for the age of messages: nodes agree on it soon after it was set, also back. */
  shared(): number;
  /** This process's monotonic time, in milliseconds. */
  monotonic(): number;
  /** Calls back once the events that wait now have been handled; far sooner than a timer. */
  soon(callback: () => void): void;
  /** Calls back once after so many milliseconds; returns how to cancel it. */
  after(delayMs: number, callback: () => void): () => void;
  /** A random number, 0 or more and less than 1. */
  random(): number;
}
