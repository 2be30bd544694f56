/** What is a turn? Letters decided one by one over one state, stored together, answered together. */
import type { Kind } from "../domain/decision.ts";
import { lateFault, type Letter } from "./mailbox.ts";
import type { Rules } from "../ports/mod.ts";
import { Fault, Fenced, LostAnswer } from "../ports/mod.ts";

/** A letter to an actor of a kind. */
export type LetterOf<K extends Kind> = Letter<K["Command"], K["Answer"], K["Refusal"]>;

/** A turn on its way to storage. */
export interface Turn<K extends Kind> {
  readonly letters: readonly LetterOf<K>[];
  readonly events: readonly K["Event"][];
  /** Its number; undefined where it has nothing to store. */
  readonly number: number | undefined;
  /** Monotonic time before Postgres was asked of it, or of what it rests on. */
  readonly sentAt: number;
}

/**
 * Decides each letter in its order.
 *
 * @param draft its state becomes what it is after the events
 * @param now milliseconds since the epoch
 * @param monotonic the same moment by the monotonic clock, for deadlines
 * @returns the events, to be stored as one, and whether an absence is to be told
 */
export function decideLetters<K extends Kind>(
  letters: readonly LetterOf<K>[],
  rules: Rules<K>,
  draft: { state: K["State"] },
  now: number,
  monotonic: number,
): { events: K["Event"][]; hasAbsence: boolean } {
  let events: K["Event"][] | undefined;
  let hasAbsence = false;
  for (const letter of letters) {
    if (letter.deadline < monotonic) {
      letter.reject(lateFault(letter));
      continue;
    }
    const decision = rules.decide(draft.state, letter.command, now);
    if (decision.kind === "replay") {
      letter.replayed = true;
      continue;
    }
    letter.outcome = decision.kind === "refused"
      ? { kind: "refused", refusal: decision.refusal }
      : { kind: "done", answer: decision.answer };
    if (decision.kind === "refused" && decision.isAbsence) hasAbsence = true;
    if (decision.kind === "allowed" || decision.event === undefined) continue;
    draft.state = rules.evolve(draft.state, decision.event);
    // Of one event is what most turns of many actors are: an array that is pushed to makes room for 17.
    if (events === undefined) events = [decision.event];
    else events.push(decision.event);
  }
  return { events: events ?? [], hasAbsence };
}

/**
 * Takes back what the letters of a failed turn were to be told.
 *
 * @returns those that are to be decided again; all others have their fault
 */
export function reopen<K extends Kind>(turn: Turn<K>, epoch: number, error: unknown): LetterOf<K>[] {
  const open = turn.letters.filter((letter) => letter.outcome !== undefined || letter.replayed);
  for (const letter of open) {
    const { outcome } = letter;
    if (error instanceof LostAnswer && turn.number !== undefined && outcome !== undefined) {
      letter.lost = { epoch, turn: turn.number, outcome };
    }
    letter.outcome = undefined;
    letter.replayed = false;
  }
  if (error instanceof LostAnswer) return open;
  if (error instanceof Fenced) return open.filter((letter) => isFirstRedirect(letter));
  const fault = asFault(error);
  for (const letter of open) letter.reject(fault);
  return [];
}

function isFirstRedirect<K extends Kind>(letter: LetterOf<K>): boolean {
  if (letter.redirected) letter.reject(new Fault("moved", "Command dropped: its actor was fenced twice"));
  const isFirst = !letter.redirected;
  letter.redirected = true;
  return isFirst;
}

/** Any error as a Fault: storage's own words stay in its cause. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("storage_unavailable", "Storage failed", { cause: error });
}
