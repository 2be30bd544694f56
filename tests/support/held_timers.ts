/** Timers of this process's own, in the hands of a test: of whatever sets them, a driver too. */
// deno-lint-ignore-file doorbuster/no-sleep-in-tests -- they are held, so that nobody need sleep

/** Timers that wait, until it is disposed of. */
export interface HeldTimers extends Disposable {
  /** Lets the oldest timer of so many milliseconds fall due now; returns whether there is one. */
  fire(ms: number): boolean;
}

/** Holds every timer that is set from now on. */
export function holdTimers(): HeldTimers {
  const { setTimeout, clearTimeout } = globalThis;
  const held = new Map<unknown, { ms: number; callback: () => void }>();
  globalThis.setTimeout = ((callback: () => void, ms: number = 0) => {
    const timer = setTimeout(() => {}, 0); // for whoever looks at what a timer is
    clearTimeout(timer);
    held.set(timer, { ms, callback });
    return timer;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (timer) => {
    held.delete(timer);
    clearTimeout(timer);
  };
  return {
    fire(ms) {
      const due = [...held].find(([, timer]) => timer.ms === ms);
      if (due === undefined) return false;
      held.delete(due[0]);
      due[1].callback();
      return true;
    },
    [Symbol.dispose]: () => void Object.assign(globalThis, { setTimeout, clearTimeout }),
  };
}
