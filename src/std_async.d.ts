// The std/async functions come from npm as plain JavaScript (JSR cannot be a dependency of a clean checkout), so their
// types are declared here: only what is used, as JSR's own declaration has it.
declare module "@std/async/retry" {
  export interface RetryOptions {
    multiplier?: number;
    maxTimeout?: number;
    maxAttempts?: number;
    minTimeout?: number;
    jitter?: number;
  }
  export function retry<T>(fn: () => Promise<T> | T, options?: RetryOptions): Promise<T>;
}
