/** A registry in memory whose entries expire by the world's clock; it can be gone, emptied, or out of a node's reach. */
import type { Member } from "../../src/cluster/member.ts";
import type { Registry } from "../../src/cluster/registry.ts";
import type { FakeClock } from "./fake_clock.ts";
import type { NodeClock } from "./node_clock.ts";

/** The entries that all nodes see. */
export class FakeRegistry {
  readonly #entries = new Map<string, { member: Member; expiresAt: number }>();
  /** Whether nobody reaches it. */
  gone = false;
  /** How long an answer takes, in milliseconds. */
  latencyMs = 1;
  /** Ids of nodes that do not reach it. */
  readonly unreachableBy = new Set<string>();
  /** Calls that fail, whoever makes them. */
  readonly failing = new Set<keyof Registry>();
  /** Calls that were answered, by node and name: `a list`. */
  readonly calls = new Map<string, number>();

  constructor(readonly clock: FakeClock, readonly expiryMs: number) {}

  /** Forgets all entries, as a Redis that was restarted. */
  clear(): void {
    this.#entries.clear();
  }

  /** Writes an entry. */
  put(member: Member): void {
    this.#entries.set(member.id, { member, expiresAt: this.clock.monotonic() + this.expiryMs });
  }

  /** Those that are written and not expired. */
  list(): Member[] {
    const now = this.clock.monotonic();
    return [...this.#entries.values()].filter(({ expiresAt }) => expiresAt > now).map(({ member }) => member);
  }

  /** A node's way to it. */
  of(id: string, clock: NodeClock): Registry {
    const call = <T>(name: keyof Registry, act: () => T) =>
      new Promise<T>((resolve, reject) =>
        clock.after(this.latencyMs, () => {
          if (this.gone || this.unreachableBy.has(id) || this.failing.has(name)) reject(new Error("registry gone"));
          else {
            this.calls.set(`${id} ${name}`, (this.calls.get(`${id} ${name}`) ?? 0) + 1);
            resolve(act());
          }
        })
      );
    return {
      write: (member) => call("write", () => this.put(member)),
      list: () => call("list", () => this.list()),
      remove: (member) =>
        call("remove", () => {
          if (this.#entries.get(member.id)?.member.incarnation === member.incarnation) this.#entries.delete(member.id);
        }),
    };
  }
}
