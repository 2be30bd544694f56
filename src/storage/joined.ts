/** How do many questions asked at once cost one statement? Those that wait while statements run are the next one. */
import { Fault } from "../ports/mod.ts";

/** Questions in one statement. */
const JOINED_MAX = 1_000;

/** A question, with the callbacks that answer it. */
export interface Asked<Question, Answer> {
  readonly question: Question;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

export interface JoinedOptions<Question> {
  /** What cannot be done for a question too many, as in "Cannot read a membership". */
  readonly refusal: string;
  /** Statements that may run at once. */
  readonly atOnce: number;
  /** Questions that may wait; one more is refused with `overloaded`. */
  readonly waitingMax: number;
  /** Questions with the same key never share a statement. */
  readonly keyOf?: (question: Question) => string;
}

/** Questions that are asked one by one and answered many at once. */
export class Joined<Question, Answer> {
  #waiting: Asked<Question, Answer>[] = [];
  #running = 0;

  /** @param answer calls one callback of each question; if it throws, the rest are rejected */
  constructor(
    readonly options: JoinedOptions<Question>,
    readonly answer: (asked: readonly Asked<Question, Answer>[]) => Promise<void>,
  ) {}

  /** Asks. The statement that answers begins after this call. @throws Fault `overloaded`; whatever `answer` throws */
  ask(question: Question): Promise<Answer> {
    const { refusal, atOnce, waitingMax } = this.options;
    if (this.#waiting.length >= waitingMax) {
      return Promise.reject(new Fault("overloaded", `${refusal} as too many wait: ${waitingMax}`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      if (this.#running < atOnce) this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running++;
    await undefined; // questions of the same tick are included
    while (this.#waiting.length > 0) {
      const asked = this.#take();
      try {
        await this.answer(asked);
      } catch (error) {
        for (const { reject } of asked) reject(error as Error);
      }
    }
    this.#running--;
  }

  #take(): Asked<Question, Answer>[] {
    const { keyOf } = this.options;
    if (keyOf === undefined) return this.#waiting.splice(0, JOINED_MAX);
    const keys = new Set<string>();
    const left: Asked<Question, Answer>[] = [];
    const taken = this.#waiting.filter((asked) => {
      const key = keyOf(asked.question);
      if (keys.size < JOINED_MAX && !keys.has(key)) return keys.add(key);
      left.push(asked);
      return false;
    });
    this.#waiting = left;
    return taken;
  }
}
