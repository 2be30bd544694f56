/**
 * Is this command being decided here already? One that comes by two ways, say since the first lost its connection,
 * shares the first's outcome: on its own it would find its own claim and be refused.
 */
import type { OutcomeOf } from "../actors/ports.ts";
import type { Kind } from "../domain/decision.ts";

type Outcome = OutcomeOf<Kind>;

interface OpenAsk {
  readonly command: { readonly id: string };
  readonly outcome: Promise<Outcome>;
}

/** Commands that came from elsewhere and are not answered yet: as many as wait in mailboxes, which are bounded. */
export class OpenAsks {
  readonly #byId = new Map<string, OpenAsk>();

  /** The outcome of the same command where that is being decided, else of `ask`. */
  ask(command: { readonly id: string }, ask: () => Promise<Outcome>): Promise<Outcome> {
    const { id } = command;
    const open = this.#byId.get(id);
    if (open !== undefined) {
      // An id that is used for something else is for the actor to refuse.
      return JSON.stringify(open.command) === JSON.stringify(command) ? open.outcome : ask();
    }
    const outcome = ask();
    const asked = { command, outcome };
    this.#byId.set(id, asked);
    const done = () => {
      if (this.#byId.get(id) === asked) this.#byId.delete(id);
    };
    outcome.then(done, done);
    return outcome;
  }

  /** A command that its actor handed back is decided elsewhere. If it comes here again it must not wait for itself. */
  forget(id: string): void {
    this.#byId.delete(id);
  }
}
