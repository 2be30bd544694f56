/** One node or more in one process: actor systems over shared rows, on one clock that stands still. */
import { type ActorLimits, ActorSystem } from "../../src/actors/actor_system.ts";
import { type CouponKind, couponRules } from "../../src/domain/coupon.ts";
import { FakeClock } from "./fake_clock.ts";
import { MemoryRows, MemoryStore } from "./memory_store.ts";

/** A node of the world, with what it counted. */
export interface World {
  readonly clock: FakeClock;
  readonly store: MemoryStore;
  readonly actors: ActorSystem<CouponKind>;
  readonly counts: { activated: number; fenced: number; turns: number[] };
}

const LIMITS: ActorLimits = { mailboxMax: 4_096, awakeMax: 100, idleMs: 60_000, timeoutMs: 5_000 };

/** Makes a node; give it another's clock and rows to make a second one. */
export function makeWorld(
  { clock = new FakeClock(), rows = new MemoryRows(), limits = {} }: {
    clock?: FakeClock;
    rows?: MemoryRows;
    limits?: Partial<ActorLimits>;
  } = {},
): World {
  const store = new MemoryStore(rows);
  const counts = { activated: 0, fenced: 0, turns: [] as number[] };
  const events = {
    activated: () => void counts.activated++,
    fenced: () => void counts.fenced++,
    turned: (commands: number) => void counts.turns.push(commands),
  };
  const actors = new ActorSystem<CouponKind>(
    couponRules,
    store,
    clock,
    { ...LIMITS, ...limits },
    events,
  );
  return { clock, store, actors, counts };
}

/** A gate to hold a store's calls. */
export function gate(): { promise: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { promise, open: resolve };
}

/** What became of an ask: the answer's kind, a refusal, or a fault's code. */
export async function fate(asked: Promise<{ kind: string; refusal?: string }>): Promise<string> {
  try {
    const outcome = await asked;
    return outcome.kind === "refused" ? outcome.refusal! : outcome.kind;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
