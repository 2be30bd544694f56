/** Commands to an actor that does not exist: they are decided without a state, and the first that creates the actor is stored. */
import type { Kind } from "../domain/decision.ts";
import { type Clock, type LoadedActor, LostAnswer, type Rules, type Store } from "../ports/mod.ts";
import { lateFault, lostElsewhere, type Mailbox } from "./mailbox.ts";
import type { MessageOf } from "./activation.ts";

/**
 * Decides messages until one of them creates the actor. The messages behind it return to the mailbox, and so do all if the
 * actor was created elsewhere meanwhile.
 *
 * @param asked the messages that waited before the actor was found not to exist; later ones may know that it does
 * @returns the actor, and the monotonic time before it was created; undefined if none of them created it
 * @throws what storing it throws; then all unanswered messages are back in the mailbox
 */
export async function makeActor<K extends Kind>(
  key: string,
  mailbox: Mailbox<MessageOf<K>>,
  asked: readonly MessageOf<K>[],
  { rules, store, clock }: { readonly rules: Rules<K>; readonly store: Store<K>; readonly clock: Clock },
): Promise<LoadedActor<K["State"]> & { readonly since: number } | undefined> {
  const messages = mailbox.takeThose(asked);
  for (let message = messages.shift(); message !== undefined; message = messages.shift()) {
    if (message.deadline < clock.monotonic()) {
      message.reject(lateFault(message));
      continue;
    }
    const decision = rules.decide(undefined, message.command, clock.now());
    if (decision.kind === "refused") message.resolve(decision);
    if (decision.kind !== "accepted") continue;
    const since = clock.monotonic();
    const { answer, event } = decision;
    const handle = await store.create(key, event).catch((error) => {
      if (error instanceof LostAnswer) message.lost = lostElsewhere({ kind: "done", answer });
      mailbox.putBack([message, ...messages]);
      throw error;
    });
    if (handle === undefined) { // it was created elsewhere meanwhile
      mailbox.putBack([message, ...messages]);
      return undefined;
    }
    mailbox.putBack(messages);
    message.resolve({ kind: "done", answer });
    return { handle, turn: 0, state: rules.evolve(undefined, event), since };
  }
  return undefined;
}
