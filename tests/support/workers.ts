/** How do clients go on asking, whatever happens to their servers, until a test has seen enough? */
import { until } from "./until.ts";

/** A client that was told to come again does so after so long, in milliseconds. */
const PATIENCE_MS = 100;

/** Workers that do the same again and again, all at once, until they are stopped. */
export abstract class Workers {
  #stopped = false;
  /** While no server can be asked: opens once one can. */
  #gate: PromiseWithResolvers<void> | undefined;
  readonly #workers: Promise<void>[];

  /** @param count how many; they begin once whoever makes them lets go */
  constructor(count: number) {
    this.#workers = Array.from({ length: count }, async (_, worker) => {
      while (!this.#stopped) {
        await this.#gate?.promise;
        await this.work(worker);
      }
    });
  }

  /** What each does again and again. */
  protected abstract work(worker: number): Promise<void>;

  /** Has no worker begin anything while a body runs, in which no server can be asked; where it throws, none goes on. */
  async paused<T>(body: () => Promise<T>): Promise<T> {
    this.#gate = Promise.withResolvers();
    const result = await body();
    this.#gate.resolve();
    this.#gate = undefined;
    return result;
  }

  /** Returns once all have come to their end; throws what a worker threw. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#gate?.resolve();
    await Promise.all(this.#workers);
  }

  /** Waits as a client does that was told to come again. */
  protected async patience(): Promise<void> {
    const since = performance.now();
    const isOver = () => this.#stopped || performance.now() - since > PATIENCE_MS;
    await until(isOver, { what: "patience", everyMs: PATIENCE_MS / 2 });
  }
}
