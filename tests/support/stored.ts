/** How does a test await what a Store completes, or complete what it awaits? */
import type { Completion, Handle, Part, Store } from "../../src/ports/mod.ts";
import type { Kind } from "../../src/domain/decision.ts";

/** Appends a part; rejects with what that failed with. */
export function append<K extends Kind>(store: Store<K>, part: Part<K["Event"]>): Promise<void> {
  return new Promise((done, failed) => store.append(part, { done, failed }));
}

/** Confirms an epoch; rejects with what that failed with. */
export function confirm<K extends Kind>(store: Store<K>, handle: Handle): Promise<void> {
  return new Promise((done, failed) => store.confirm(handle, { done, failed }));
}

/** Completes once something is stored, or failed to be. */
export function completeAfter(completion: Completion, storing: Promise<void>): void {
  storing.then(() => completion.done(), (error) => completion.failed(error));
}
