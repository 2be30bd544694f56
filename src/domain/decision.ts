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
 * - `refused`: the rules say no; the event, if any, is to be stored nevertheless. An absence (what the command names is
 *   not there) is told only once Postgres has confirmed it: it may have come through another owner a moment ago.
 * - `replay`: this command was accepted before; its stored answer is due.
 */
export type Decision<Event, Answer, Refusal> =
  | { readonly kind: "accepted"; readonly event: Event; readonly answer: Answer }
  | { readonly kind: "allowed"; readonly answer: Answer }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly event?: Event; readonly isAbsence?: true }
  | { readonly kind: "replay"; readonly id: string; readonly content: string };
