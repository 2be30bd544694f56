/** What an actor does with a refusal that is to be stored: a guest book, in which those sent away are written too. */
import assert from "node:assert/strict";
import { ActorSystem } from "../../../src/actors/actor_system.ts";
import type { Completion, Handle, LoadedActor, Part, Rules, Store } from "../../../src/ports/mod.ts";
import { Fault } from "../../../src/ports/mod.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";
import { fate, gate } from "../../support/world.ts";
import { completeAfter } from "../../support/stored.ts";

interface Visit {
  readonly id: string;
  readonly come: "in" | "at the door" | "by";
}

/** A book of one line an event; those who only come by leave none. */
interface BookKind {
  State: string[];
  Command: Visit;
  Event: string;
  Answer: { readonly place: number };
  Refusal: "full";
}

const rules: Rules<BookKind> = {
  contentOf: ({ come }) => come,
  decide(book, { id, come }) {
    if (come === "in") return { kind: "accepted", event: id, answer: { place: book!.length + 1 } };
    return come === "by" ? { kind: "refused", refusal: "full" } : { kind: "refused", refusal: "full", event: id };
  },
  evolve: (book, event) => [...book!, event],
};

class BookStore implements Store<BookKind> {
  readonly parts: Part<string>[] = [];
  gate: Promise<void> = Promise.resolve();
  failure: Error | undefined;

  activate(): Promise<LoadedActor<string[]>> {
    const state = this.parts.flatMap(({ events }) => events);
    return Promise.resolve({ handle: { id: 1, epoch: 1, lane: 0 }, turn: this.parts.length, state });
  }
  create(): Promise<Handle | undefined> {
    return Promise.resolve(undefined);
  }
  append(part: Part<string>, completion: Completion): void {
    completeAfter(completion, this.#append(part));
  }
  async #append(part: Part<string>): Promise<void> {
    await this.gate;
    const failure = this.failure;
    this.failure = undefined;
    if (failure !== undefined) throw failure;
    this.parts.push(part);
  }
  confirm(_: Handle, completion: Completion): void {
    completeAfter(completion, Promise.resolve());
  }
  recall(): Promise<Map<string, BookKind["Answer"]>> {
    return Promise.resolve(new Map());
  }
}

function open(): { store: BookStore; visit: (id: string, come: Visit["come"]) => ReturnType<typeof actors.ask> } {
  const store = new BookStore();
  const limits = { mailboxMax: 100, awakeMax: 10, idleMs: 60_000, timeoutMs: 5_000 };
  const events = { activated: () => {}, fenced: () => {}, turned: () => {} };
  const actors = new ActorSystem<BookKind>(rules, store, new FakeClock(), limits, events);
  return { store, visit: (id, come) => actors.ask("book", { id, come }) };
}

const written = ({ parts }: BookStore) => parts.map(({ turn, events }) => ({ turn, events }));

Deno.test("a refusal with an event is stored with its turn's other events, in their order", async () => {
  const { store, visit } = open();
  const outcomes = await Promise.all([
    visit("a", "at the door"),
    visit("b", "in"),
    visit("c", "by"),
    visit("d", "at the door"),
    visit("e", "in"),
  ]);
  assert.deepEqual(outcomes, [
    { kind: "refused", refusal: "full" },
    { kind: "done", answer: { place: 2 } },
    { kind: "refused", refusal: "full" },
    { kind: "refused", refusal: "full" },
    { kind: "done", answer: { place: 4 } },
  ]);
  assert.deepEqual(written(store), [{ turn: 1, events: ["a", "b", "d", "e"] }]);
});

Deno.test("a turn with only such refusals is stored before they are told", async () => {
  const { store, visit } = open();
  const { promise, open: storing } = gate();
  store.gate = promise;
  let told = false;
  const asked = visit("a", "at the door").finally(() => told = true);
  await settle();
  assert.equal(told, false);
  storing();
  assert.deepEqual(await asked, { kind: "refused", refusal: "full" });
  assert.deepEqual(written(store), [{ turn: 1, events: ["a"] }]);
  assert.deepEqual(await visit("b", "in"), { kind: "done", answer: { place: 2 } });
});

Deno.test("a turn with only refusals without events writes nothing", async () => {
  const { store, visit } = open();
  assert.deepEqual(await visit("a", "by"), { kind: "refused", refusal: "full" });
  assert.deepEqual(written(store), []);
});

Deno.test("a refusal whose event was not stored is not told, and leaves no trace", async () => {
  const { store, visit } = open();
  store.failure = new Fault("storage_unavailable", "down");
  assert.equal(await fate(visit("a", "at the door")), "storage_unavailable");
  assert.deepEqual(await visit("b", "in"), { kind: "done", answer: { place: 1 } });
  assert.deepEqual(written(store), [{ turn: 1, events: ["b"] }]);
});
