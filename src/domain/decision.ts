/** What can a rule answer to a command? */

/** The types of one kind of actor. */
export interface Kind {
  State: unknown;
  Command: { readonly id: string };
  Event: unknown;
  Answer: unknown;
  Refusal: unknown;
}

/**
 * - `accepted`: the event is to be stored; the answer holds once it is.
 * - `allowed`: yes, but there is nothing to store (a question).
 * - `refused`: the rules say no; the event, if any, is to be stored nevertheless.
 * - `replay`: this command was accepted before; its stored answer is due.
 */
export type Decision<Event, Answer, Refusal> =
  | { readonly kind: "accepted"; readonly event: Event; readonly answer: Answer }
  | { readonly kind: "allowed"; readonly answer: Answer }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly event?: Event }
  | { readonly kind: "replay"; readonly id: string; readonly content: string };

/** The rules of one kind of actor: a domain module's pure functions. */
export interface Rules<K extends Kind> {
  /** What a command asks for: equal for equal requests, whatever their ids. */
  contentOf(command: K["Command"]): string;
  /** Decides a command; undefined is an actor that does not exist. */
  decide(
    state: K["State"] | undefined,
    command: K["Command"],
    now: number,
  ): Decision<K["Event"], K["Answer"], K["Refusal"]>;
  /** The state after an event; may change the state given. */
  evolve(state: K["State"] | undefined, event: K["Event"]): K["State"];
  /**
   * The state before these events, the last ones that it evolved by; may change the state given.
   *
   * @returns undefined where that cannot be told; without this method it never can
   */
  undo?(state: K["State"], events: readonly K["Event"][]): K["State"] | undefined;
}
