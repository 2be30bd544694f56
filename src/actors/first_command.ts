/** What becomes of commands to an actor that does not exist? They are decided on nothing; the first that makes it is stored. */
import type { Kind } from "../domain/decision.ts";
import { type Clock, type LoadedActor, LostAnswer, type Rules, type Store } from "../ports/mod.ts";
import { lateFault, lostElsewhere, type Mailbox } from "./mailbox.ts";
import type { MessageOf } from "./activation.ts";

/**
 * Decides messages until one of them makes the actor. All behind it wait in the mailbox again, and those whose actor
 * someone else made meanwhile.
 *
 * @param asked the messages that waited before it was known that there is no actor; later ones may know better
 * @returns the actor, and the monotonic time before it was made; undefined where none of them made it
 * @throws what storing it throws; then all that are not answered wait in the mailbox again
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
    if (handle === undefined) { // someone else made it meanwhile
      mailbox.putBack([message, ...messages]);
      return undefined;
    }
    mailbox.putBack(messages);
    message.resolve({ kind: "done", answer });
    return { handle, turn: 0, state: rules.evolve(undefined, event), since };
  }
  return undefined;
}
