/** The trail of acts in an array: what every AdminActs does, without a database. */
import type { AdminAct, AdminActs, AdminActView } from "../../src/ports/mod.ts";

/** Acts in memory. */
export class MemoryActs implements AdminActs {
  readonly rows: AdminActView[] = [];
  readonly #commands = new Map<number, string>();
  /** What the next calls throw in place of what they do. */
  readonly failures: Error[] = [];

  constructor(readonly clock: { now(): number }) {}

  begin(act: AdminAct): Promise<number> {
    return this.#unlessFailing(() =>
      this.rows.push({ ...act, id: this.rows.length + 1, at: this.clock.now(), status: null, code: null })
    );
  }

  vouches(id: number, act: string, commandId: string): Promise<boolean> {
    return this.#unlessFailing(() => {
      const row = this.rows[id - 1];
      if (row?.act !== act || row.status !== null) return false;
      const known = this.#commands.get(id) ?? commandId;
      this.#commands.set(id, known);
      return known === commandId;
    });
  }

  complete(id: number, status: number, code: string | null): Promise<void> {
    return this.#unlessFailing(() => {
      const row = this.rows[id - 1];
      if (row?.status === null) this.rows[id - 1] = { ...row, status, code };
    });
  }

  page(before: number, limit: number): ReturnType<AdminActs["page"]> {
    return this.#unlessFailing(() => {
      const all = this.rows.filter(({ id }) => before === 0 || id < before).toReversed();
      const data = all.slice(0, limit);
      return { data, next: all.length > limit ? data.at(-1)!.id : undefined };
    });
  }

  #unlessFailing<T>(act: () => T): Promise<T> {
    const failure = this.failures.shift();
    return failure === undefined ? Promise.resolve(act()) : Promise.reject(failure);
  }
}
