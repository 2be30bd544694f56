/**
 * What do commands and answers look like between nodes? JSON arrays, one text for a whole batch. A batch begins with
 * its version, the highest that both nodes speak, so nodes of two versions work together while a cluster is upgraded.
 *
 * Commands: `[4, sentAt, [[kind, key, remainingMs, marks, command, …], …]]`, in runs of commands that differ in nothing
 * else. Answers are lines, each of them `[[place, code, value], …]`.
 */
import type { ClockReading, FaultCode } from "../ports/mod.ts";
import { type Member, memberOf, PROTOCOL, PROTOCOL_MIN } from "./member.ts";
import { isWhole } from "./received.ts";

/** Maximum of commands in a batch; the rest waits for the next. */
export const BATCH_MAX = 1_000;
/** Maximum length of a message, in bytes. A batch of the longest commands is shorter. */
export const MESSAGE_MAX = 8 * 1024 * 1024;

/** A command on its way to its owner. */
export interface Posted {
  /** Of actor: `coupon` or `sale`. */
  readonly kind: string;
  readonly key: string;
  readonly command: { readonly id: string };
  /** Monotonic milliseconds of this process after which it, or this copy of it, may not be decided. */
  readonly deadline: number;
  /** Whether it may be stored already. */
  readonly mayBeStored: boolean;
  /** How often an actor has redirected it. */
  readonly redirects: number;
}

/** The answer to a batch's command: its place, a code, and the answer, the refusal, the fault or the owner. */
export type Answer =
  | readonly [place: number, code: typeof DONE, answer: unknown]
  | readonly [place: number, code: typeof REFUSED, refusal: unknown]
  | readonly [place: number, code: typeof FAULT, fault: FaultCode]
  | readonly [place: number, code: typeof NOT_OWNER, owner: Member];

export const DONE = 0;
export const REFUSED = 1;
export const FAULT = 2;
/** Nothing was done, because another node owns the actor. */
export const NOT_OWNER = 3;

/** The text is not a message of a known version. */
export class BadMessage extends Error {
  override readonly name = "BadMessage";
}

/** Consecutive commands of a batch for one actor, as they arrive. */
export interface Run extends Omit<Posted, "command"> {
  readonly commands: readonly { readonly id: string }[];
}

/** A batch as text. @param at when it is sent */
export function encodeCommands(
  posted: readonly (Posted & { readonly lease: number })[],
  version: number,
  at: ClockReading,
): string {
  const runs: unknown[][] = [];
  for (const { kind, key, command, lease, mayBeStored, redirects } of posted) {
    const run = runs.at(-1);
    const remainingMs = Math.max(0, Math.floor(lease - at.monotonic));
    const marks = redirects << 1 | Number(mayBeStored);
    const goesOn = run?.[1] === key && run[0] === kind && run[2] === remainingMs && run[3] === marks;
    if (goesOn) run.push(command);
    else runs.push([kind, key, remainingMs, marks, command]);
  }
  return JSON.stringify([version, Math.floor(at.now), runs]);
}

/**
 * The runs of a batch. The time it spent on the way, say in the buffers of a frozen process, is taken off their time.
 *
 * @param at when it is read
 * @throws BadMessage
 */
export function decodeCommands(message: unknown, at: ClockReading): Run[] {
  const [, sentAt, told] = versioned(message);
  if (!isWhole(sentAt) || !Array.isArray(told)) throw new BadMessage("A batch must have its time and its commands");
  const lay = Math.max(0, at.now - sentAt);
  const runs = told.map((each) => runOf(each, at.monotonic - lay));
  if (commandsIn(runs) > BATCH_MAX) throw new BadMessage(`A batch must have up to ${BATCH_MAX} commands`);
  return runs;
}

/** The number of commands in runs. */
export function commandsIn(runs: readonly Run[]): number {
  return runs.reduce((sum, { commands }) => sum + commands.length, 0);
}

function runOf(told: unknown, sentAt: number): Run {
  const [kind, key, remainingMs, marks, ...commands] = Array.isArray(told) ? told : [];
  const isFit = typeof kind === "string" && typeof key === "string" && isWhole(remainingMs) && isWhole(marks) &&
    commands.length > 0 && commands.every(hasId);
  if (!isFit) throw new BadMessage("A run must be [kind, key, remainingMs, marks, command, …]");
  return { kind, key, commands, deadline: sentAt + remainingMs, mayBeStored: (marks & 1) === 1, redirects: marks >> 1 };
}

function hasId(command: unknown): boolean {
  return typeof command === "object" && command !== null && typeof (command as { id?: unknown }).id === "string";
}

/** Checks the version of a message. @throws BadMessage if this node does not speak it */
export function versioned(message: unknown): [version: number, ...parts: unknown[]] {
  const version = Array.isArray(message) ? message[0] : undefined;
  if (isWhole(version) && version >= PROTOCOL_MIN && version <= PROTOCOL) {
    return message as [number, ...unknown[]];
  }
  throw new BadMessage(`A message must begin with a version from ${PROTOCOL_MIN} to ${PROTOCOL}`);
}

export function encodeAnswers(answers: readonly Answer[]): string {
  return JSON.stringify(answers);
}

/** @throws BadMessage */
export function decodeAnswers(line: string): Answer[] {
  const answers: unknown = JSON.parse(line);
  if (!Array.isArray(answers) || !answers.every(isAnswer)) throw new BadMessage("A line must be answers");
  return answers;
}

function isAnswer(told: unknown): told is Answer {
  if (!Array.isArray(told) || told.length !== 3 || !isWhole(told[0])) return false;
  const [, code, value] = told;
  if (code === FAULT) return typeof value === "string";
  if (code === NOT_OWNER) return memberOf(value) !== undefined;
  return code === DONE || code === REFUSED;
}
