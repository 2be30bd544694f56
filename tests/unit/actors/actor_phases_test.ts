/** Does each cell of the table above Actor hold? The table is read from the source, and each of its cells is driven. */
import assert from "node:assert/strict";
import { Actor } from "../../../src/actors/actor.ts";
import { lostElsewhere, Message } from "../../../src/actors/mailbox.ts";
import { type Completion, Fault, Fenced, type LoadedActor, type Rules, type Store } from "../../../src/ports/mod.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

/** An actor that counts. */
interface Counting {
  readonly State: number;
  readonly Command: { readonly id: string };
  readonly Event: number;
  readonly Answer: number;
  readonly Refusal: "absent";
}

const rules: Rules<Counting> = {
  contentOf: ({ id }) => id,
  decide: (state) =>
    state === undefined
      ? { kind: "refused", refusal: "absent" }
      : { kind: "accepted", answer: state + 1, event: state + 1 },
  evolve: (_, event) => event,
};

/** A call of storage that waits for its answer. */
interface Call {
  done(answer?: unknown): void;
  failed(error: Error): void;
}

/** An actor whose storage answers when it is told to. */
class Stage {
  readonly clock = new FakeClock();
  readonly actor: Actor<Counting>;
  /** Calls of storage that wait, the first first. */
  readonly loads: Call[] = [];
  readonly turns: Call[] = [];
  readonly recalls: Call[] = [];
  /** What the last recall finds where all is stored. */
  recalled = new Map<string, number>();
  isGone = false;
  handedBack = 0;
  #isScheduled = false;
  #messages = 0;
  #epoch = 0;

  constructor() {
    const called = <T>(calls: Call[]) =>
      new Promise<T>((resolve, reject) => calls.push({ done: (answer) => resolve(answer as T), failed: reject }));
    const store: Store<Counting> = {
      activate: () => called<LoadedActor<number> | undefined>(this.loads),
      create: () => Promise.reject(new Error("no command makes one")),
      append: (_, completion: Completion) => void this.turns.push(completion),
      confirm: (_, completion: Completion) => void this.turns.push(completion),
      recall: (_, commands) => {
        this.recalled = new Map(commands.map(({ id }) => [id, 1]));
        return called<Map<string, number>>(this.recalls);
      },
    };
    this.actor = new Actor<Counting>("key", {
      rules,
      store,
      clock: this.clock,
      events: { activated() {}, fenced() {}, turned() {} },
      mailboxMax: 10,
      schedule: () => void (this.#isScheduled = true),
      gone: () => void (this.isGone = true),
      redirect: (_key, messages) => (this.handedBack += messages.length, true),
    });
  }

  put(isLost = false): void {
    const message = new Message<{ id: string }, number, "absent">(
      { id: `m${this.#messages++}` },
      1e9,
      () => {},
      () => {},
    );
    if (isLost) message.lost = lostElsewhere({ kind: "done", answer: 0 });
    this.actor.put(message, this.clock.monotonic());
  }

  /** Its turn comes, where it was scheduled for one. */
  runScheduled(): void {
    if (this.#isScheduled) this.run();
  }

  run(): void {
    this.#isScheduled = false;
    this.actor.run({ now: this.clock.now(), monotonic: this.clock.monotonic() });
  }

  /** A command comes, and its turn. */
  command(isLost = false): void {
    this.put(isLost);
    this.run();
  }

  async loaded(): Promise<void> {
    this.loads.shift()!.done({ handle: { id: 1, epoch: ++this.#epoch, lane: 0 }, turn: 0, state: 0 });
    await settle();
  }

  /** The first turn in flight ends. */
  async ends(error?: Error): Promise<void> {
    const turn = this.turns.shift()!;
    if (error === undefined) turn.done();
    else turn.failed(error);
    await settle();
  }

  async awake(): Promise<void> {
    this.command();
    await this.loaded();
    this.run();
    await this.ends();
    assert.equal(this.actor.phase, "awake");
  }

  /** Awake, with two turns in flight. */
  async awakeAndFull(): Promise<void> {
    await this.awake();
    this.command();
    this.command();
    assert.equal(this.turns.length, 2);
  }
}

const FAULT = new Fault("data_error", "no");

/** How to bring an actor into each phase, with a turn of an earlier activation in flight or without. */
const REACH: Record<string, (stage: Stage, withTurn: boolean) => Promise<void>> = {
  async asleep(stage, withTurn) {
    if (!withTurn) return;
    await stage.awakeAndFull();
    await stage.ends(FAULT);
  },
  async loading(stage, withTurn) {
    await REACH["asleep"]!(stage, withTurn);
    stage.command();
  },
  async "backing off"(stage, withTurn) {
    await stage.awake();
    stage.command();
    if (withTurn) stage.command();
    await stage.ends(new Fenced("taken"));
  },
  async awake(stage, withTurn) {
    await REACH["loading"]!(stage, withTurn);
    await stage.loaded();
    stage.run();
    await settle();
    // Its own first turn is stored; the earlier activation's is still in flight.
    stage.turns.pop()!.done();
    await settle();
  },
  async settling(stage, withTurn) {
    await REACH["awake"]!(stage, withTurn);
    stage.command(true);
  },
};

/** How to end whatever is under way, so that a released actor can go. */
async function finish(stage: Stage): Promise<void> {
  while (stage.loads.length > 0) await stage.loaded();
  for (const call of stage.recalls.splice(0)) call.done(stage.recalled);
  while (stage.turns.length > 0) await stage.ends();
  await stage.clock.advance(1_000);
  stage.runScheduled();
  await settle();
}

type Drive = (stage: Stage, phase: string, variant: string) => Promise<void> | void;

/** Makes each thing happen. */
const DRIVE: Record<string, Drive> = {
  "its turn comes": (stage, _, variant) => {
    if (variant === "settling") stage.put(true);
    else if (variant === "loading") stage.put();
    stage.run();
  },
  "it was loaded or made": (stage) => stage.loaded(),
  "there is none": (stage) => stage.loads.shift()!.done(undefined),
  "loading failed": (stage) => stage.loads.shift()!.failed(FAULT),
  "fenced while it loaded": (stage) => stage.loads.shift()!.failed(new Fenced("taken")),
  "the wait is over": (stage) => stage.clock.advance(1_000),
  "what was lost is known": (stage) => stage.recalls.shift()!.done(new Map()),
  "a turn was stored": (stage) => stage.ends(),
  "a turn was fenced": (stage) => stage.ends(new Fenced("taken")),
  "a turn failed": (stage) => stage.ends(FAULT),
  "it is released": (stage, phase, variant) => {
    if (phase === "awake" && variant === "later") stage.command();
    stage.actor.release();
  },
};

/** The table: what happens -> phase -> what the cell says. */
async function readTable(): Promise<Map<string, Map<string, string>>> {
  const source = await Deno.readTextFile(new URL("../../../src/actors/actor.ts", import.meta.url));
  const rows = source.split("\n").filter((line) => line.startsWith(" * | ") && !line.includes("---"))
    .map((line) => line.slice(5, -2).split(" | ").map((cell) => cell.trim()));
  const [head, ...body] = rows as [string[], ...string[][]];
  return new Map(body.map(([event, ...cells]) => [
    event!,
    new Map(cells.map((cell, place) => [head[place + 1]!, cell])),
  ]));
}

const table = await readTable();

Deno.test("the table has each phase and each thing that happens", () => {
  assert.deepEqual([...table.keys()], Object.keys(DRIVE));
  for (const [event, cells] of table) assert.deepEqual([...cells.keys()], Object.keys(REACH), event);
});

for (const [event, cells] of table) {
  for (const [phase, cell] of cells) {
    for (const variant of cell === "" ? [] : cell.split(", or ")) {
      const isTurn = event.startsWith("a turn ");
      Deno.test(`an actor that is ${phase}, when ${event}: ${variant === "-" ? "nothing changes" : variant}`, async () => {
        const stage = new Stage();
        // Awake, the turn that ends is its own; else one of an earlier activation.
        await REACH[phase]!(stage, isTurn && phase !== "awake");
        if (isTurn && phase === "awake") stage.command();
        assert.equal(stage.actor.phase, phase);
        await DRIVE[event]!(stage, phase, variant);
        await settle();
        if (variant === "later") {
          assert.deepEqual([stage.actor.phase, stage.isGone], [phase, false]);
          await finish(stage);
          assert.deepEqual([stage.actor.phase, stage.isGone, stage.actor.idle], ["asleep", true, true]);
        } else if (variant === "it goes" || variant === "asleep") {
          assert.deepEqual([stage.actor.phase, stage.isGone, stage.actor.idle], ["asleep", true, true]);
        } else assert.equal(stage.actor.phase, variant === "-" ? phase : variant);
      });
      if (!isTurn || phase !== "awake") continue;
      Deno.test(`an actor that is awake again, when ${event} of its earlier activation: nothing changes`, async () => {
        const stage = new Stage();
        await REACH["awake"]!(stage, true);
        const { activation } = stage.actor;
        await DRIVE[event]!(stage, phase, variant);
        assert.equal(stage.actor.phase, "awake");
        assert.equal(stage.actor.activation, activation);
      });
    }
  }
}
