/** What is a turn? Messages decided one by one over one state, stored together, answered together. */
import type { Kind } from "../domain/decision.ts";
import { lateFault, type Message } from "./mailbox.ts";
import type { Rules } from "../ports/mod.ts";
import { Fault, Fenced, LostAnswer } from "../ports/mod.ts";

/** A message to an actor of a kind. */
export type MessageOf<K extends Kind> = Message<K["Command"], K["Answer"], K["Refusal"]>;

/** A turn on its way to storage. */
export interface Turn<K extends Kind> {
  readonly messages: readonly MessageOf<K>[];
  readonly events: readonly K["Event"][];
  /** Its number; undefined where it has nothing to store. */
  readonly number: number | undefined;
  /** Monotonic time before Postgres was asked of it, or of what it rests on. */
  readonly sentAt: number;
}

/**
 * Decides each message in its order.
 *
 * @param draft its state becomes what it is after the events
 * @param now milliseconds since the epoch
 * @param monotonic the same moment by the monotonic clock, for deadlines
 * @returns the events, to be stored as one, and whether an absence is to be told
 */
export function decideMessages<K extends Kind>(
  messages: readonly MessageOf<K>[],
  rules: Rules<K>,
  draft: { state: K["State"] },
  now: number,
  monotonic: number,
): { events: K["Event"][]; hasAbsence: boolean } {
  let events: K["Event"][] | undefined;
  let hasAbsence = false;
  for (const message of messages) {
    if (message.deadline < monotonic) {
      message.reject(lateFault(message));
      continue;
    }
    const decision = rules.decide(draft.state, message.command, now);
    if (decision.kind === "replay") {
      message.replayed = true;
      continue;
    }
    message.outcome = decision.kind === "refused"
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
 * Takes back what the messages of a failed turn were to be told.
 *
 * @returns those that are to be decided again; all others have their fault
 */
export function reopen<K extends Kind>(turn: Turn<K>, epoch: number, error: unknown): MessageOf<K>[] {
  const open = turn.messages.filter((message) => message.outcome !== undefined || message.replayed);
  for (const message of open) {
    const { outcome } = message;
    if (error instanceof LostAnswer && turn.number !== undefined && outcome !== undefined) {
      message.lost = { epoch, turn: turn.number, outcome };
    }
    message.outcome = undefined;
    message.replayed = false;
  }
  if (error instanceof LostAnswer) return open;
  if (error instanceof Fenced) return open.filter((message) => isFirstRedirect(message));
  const fault = asFault(error);
  for (const message of open) message.reject(fault);
  return [];
}

function isFirstRedirect<K extends Kind>(message: MessageOf<K>): boolean {
  if (message.redirected) message.reject(new Fault("moved", "Command dropped: its actor was fenced twice"));
  const isFirst = !message.redirected;
  message.redirected = true;
  return isFirst;
}

/** Any error as a Fault: storage's own words stay in its cause. */
export function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault("storage_unavailable", "Storage failed", { cause: error });
}
