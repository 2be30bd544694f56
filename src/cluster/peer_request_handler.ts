/**
 * How does a node answer its peers? It answers pings, greetings and leave requests, and decides commands for actors
 * that it owns. For any other actor it names the owner, after a probe of it; it never passes a command on.
 */
import type { AdminActs, Clock, OutcomeOf } from "../ports/mod.ts";
import type { Kind } from "../domain/decision.ts";
import type { Dispatcher, Hosted } from "./dispatcher.ts";
import type { ClusterEvents } from "./events.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import type { Reply, Sink } from "./reply.ts";
import { COMMANDS, GREET, LEAVE, PING } from "./transport.ts";
import {
  type Answer,
  BadMessage,
  commandsIn,
  decodeCommands,
  DONE,
  encodeAnswers,
  FAULT,
  NOT_OWNER,
  REFUSED,
  type Run,
} from "./wire.ts";

/** Maximum of open commands of peers; a batch that would exceed it is refused whole as `unavailable`. */
export const OPEN_MAX = 65_536;

export interface PeerRequestHandlerContext {
  readonly dispatcher: Dispatcher;
  readonly membership: Membership;
  /** The trail, in which the node that took the request recorded the act before it sent the command. */
  readonly acts: Pick<AdminActs, "vouches">;
  readonly clock: Clock;
  readonly events: ClusterEvents;
}

/** Answers a command: how it went, and the answer, the refusal, the fault or the owner. */
type OneAnswer = (code: Answer[1], value: unknown) => void;
/** Answers one of a run's commands. */
type RunAnswer = (at: number, ...answer: Parameters<OneAnswer>) => void;

/** Takes messages of peers that have proved who they are. */
export class PeerRequestHandler {
  #open = 0;

  constructor(readonly context: PeerRequestHandlerContext) {}

  /** Answers a message; never throws. @param from the node at the other end */
  receive(from: Member, what: string, text: string): Reply {
    try {
      return this.#receive(from, what, text);
    } catch (error) {
      if (error instanceof BadMessage || error instanceof SyntaxError) return { status: "malformed" };
      this.context.events.unexpected(error);
      return { status: "unavailable" };
    }
  }

  #receive(from: Member, what: string, text: string): Reply {
    const { membership, clock } = this.context;
    switch (what) {
      case COMMANDS: {
        const runs = decodeCommands(JSON.parse(text), { now: clock.shared(), monotonic: clock.monotonic() });
        const commands = commandsIn(runs);
        if (this.#open + commands > OPEN_MAX) return { status: "unavailable" };
        return { status: "answered", write: (sink) => this.#decide(from, runs, commands, sink) };
      }
      case PING:
        return said(membership.pong);
      case GREET:
        return said(membership.greeted(from));
      case LEAVE:
        membership.departed(from.id, from.incarnation);
        return said(true);
    }
    return { status: "unknown" };
  }

  /** Decides a batch. Answers of one tick are one line. */
  #decide(from: Member, runs: readonly Run[], commands: number, sink: Sink): void {
    let ready: Answer[] = [];
    let open = commands;
    const flush = () => {
      sink(encodeAnswers(ready), open === 0);
      ready = [];
    };
    this.#open += open;
    if (open === 0) sink("[]", true);
    let place = 0;
    for (const run of runs) {
      const first = place;
      this.#decideRun(from, run, (at, code, value) => {
        open--;
        this.#open--;
        if (ready.push([first + at, code, value] as Answer) === 1) this.context.clock.soon(flush);
      });
      place += run.commands.length;
    }
  }

  #decideRun(from: Member, run: Run, answer: RunAnswer): void {
    const { membership, dispatcher } = this.context;
    const answerAll: OneAnswer = (code, value) => run.commands.forEach((_, at) => answer(at, code, value));
    const hosted = dispatcher.hosted(run.kind);
    // Of a newer version; the rest of its batch is not harmed.
    if (hosted === undefined || !hosted.isKey(run.key)) return answerAll(FAULT, "data_error");
    const decide = () =>
      run.commands.forEach((command, at) => {
        this.#decideOne(from, hosted, run, command, (code, value) => answer(at, code, value));
      });
    const owner = () => membership.view.ownerOf(run.key);
    if (owner() === membership.self) return decide();
    membership.verify(owner()).then(() => {
      if (owner() === membership.self) decide();
      else answerAll(NOT_OWNER, owner());
    });
  }

  #decideOne(from: Member, { isCommand, actOf, local }: Hosted<Kind>, run: Run, command: unknown, answer: OneAnswer) {
    if (!isCommand(command)) return answer(FAULT, "data_error");
    const done = (outcome: OutcomeOf<Kind>) =>
      outcome.kind === "done" ? answer(DONE, outcome.answer) : answer(REFUSED, outcome.refusal);
    const decide = () => local.tell(run.key, command, run, done, ({ code }) => answer(FAULT, code));
    const act = actOf(command);
    if (act === undefined) return decide();
    this.#isRecorded(from, act, command).then(
      (isRecorded) => isRecorded ? decide() : answer(FAULT, "data_error"),
      () => answer(FAULT, "storage_unavailable"),
    );
  }

  /** Whether an act has its row in the trail; without one it is not done. */
  async #isRecorded(from: Member, act: string, { id, act: row }: { id: string; act?: unknown }): Promise<boolean> {
    const { acts, events } = this.context;
    if (Number.isSafeInteger(row) && await acts.vouches(row as number, act, id)) return true;
    events.unrecorded(from, act);
    return false;
  }
}

function said(value: unknown): Reply {
  return { status: "answered", write: (sink) => sink(JSON.stringify(value), true) };
}
