/** What becomes of a turn that was sent, and of one that rests on it? */
import type { Kind } from "../domain/decision.ts";
import type { Completion } from "../ports/mod.ts";
import type { MessageOf, Turn } from "./turn.ts";

/** Who sent it. */
export interface Sender<K extends Kind> {
  /** Why what was sent is lost; undefined while nothing is. */
  readonly failure: Error | undefined;
  settle(turn: TurnInFlight<K>): void;
  settleOrAsk(turn: TurnInFlight<K>): void;
  fail(turn: TurnInFlight<K>, error: Error): void;
}

/** A turn that was sent, or rests on one that was. */
export class TurnInFlight<K extends Kind> implements Turn<K>, Completion {
  #follower: TurnInFlight<K> | undefined = undefined;

  constructor(
    readonly activation: Sender<K>,
    readonly messages: readonly MessageOf<K>[],
    readonly events: readonly K["Event"][],
    readonly number: number | undefined,
    public sentAt: number,
    /** The one before it, while that is in flight. */
    public before: TurnInFlight<K> | undefined,
  ) {}

  /** What becomes of this one becomes of that one, right after it. */
  follow(turn: TurnInFlight<K>): void {
    this.#follower = turn;
  }

  done(): void {
    if (this.number === undefined) { // it rests on the turn before it, whatever Postgres says of the epoch
      if (this.activation.failure !== undefined) return this.failed(this.activation.failure);
      if (this.before !== undefined) return this.before.follow(this);
    }
    this.activation.settle(this);
    const follower = this.#next();
    if (follower !== undefined) this.activation.settleOrAsk(follower);
  }

  failed(error: Error): void {
    this.activation.fail(this, error);
    this.#next()?.failed(error);
  }

  #next(): TurnInFlight<K> | undefined {
    const follower = this.#follower;
    this.#follower = undefined;
    return follower;
  }
}
