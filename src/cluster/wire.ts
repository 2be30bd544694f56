/**
 * How do commands and answers look between nodes? JSON arrays, one text for a whole batch. Every message begins with
 * the version it is written in, and a node understands its own and the one before: nodes of both work side by side while
 * a cluster is upgraded.
 *
 * Commands: `[3, sentAt, [[kind, key, remainingMs, marks, command], …]]`. Answers are lines, each of them
 * `[[place, code, value], …]`. Version 2 looks the same; its nodes know no link.
 */
import type { FaultCode } from "../actors/ports.ts";
import { type Member, memberOf, PROTOCOL, PROTOCOL_MIN } from "./member.ts";

/** Commands in one batch; the rest waits for the next. */
export const BATCH_MAX = 1_000;
/** Longest message, in bytes. A batch of the longest commands is shorter. */
export const MESSAGE_MAX = 8 * 1024 * 1024;

/** A command on its way to its owner. */
export interface Posted {
  /** Of actor: `coupon` or `sale`. */
  readonly kind: string;
  readonly key: string;
  readonly command: { readonly id: string };
  /** Monotonic milliseconds of this process after which it, or this copy of it, may not be decided any more. */
  readonly deadline: number;
  /** Whether it may be stored already. */
  readonly doubtful: boolean;
  /** Times that an actor has handed it back. */
  readonly handed: number;
}

/** What becomes of a batch's command: its place, how it went, and the answer, the refusal, the fault or the owner. */
export type Answer =
  | readonly [place: number, code: typeof DONE, answer: unknown]
  | readonly [place: number, code: typeof REFUSED, refusal: unknown]
  | readonly [place: number, code: typeof FAULT, fault: FaultCode]
  | readonly [place: number, code: typeof NOT_OWNER, owner: Member];

export const DONE = 0;
export const REFUSED = 1;
export const FAULT = 2;
/** Nothing was done, since that node owns the actor. */
export const NOT_OWNER = 3;

/** Two clocks. */
export interface Instant {
  /** Postgres's time, in milliseconds since the epoch. */
  readonly now: number;
  /** This process's own, in milliseconds. */
  readonly monotonic: number;
}

/** A text that is no message of a known version. */
export class BadMessage extends Error {
  override readonly name = "BadMessage";
}

/** A batch for a node that speaks a version. @param at when it leaves */
export function encodeCommands(
  posted: readonly (Posted & { readonly lease: number })[],
  version: number,
  at: Instant,
): string {
  const commands = posted.map(({ kind, key, command, lease, doubtful, handed }) =>
    [kind, key, Math.max(0, Math.floor(lease - at.monotonic)), handed << 1 | Number(doubtful), command] as const
  );
  return JSON.stringify([version, Math.floor(at.now), commands]);
}

/**
 * The commands of a batch. What it lay on its way, say in the buffers of a frozen process, is taken off their time.
 *
 * @param at when it is read
 * @throws BadMessage
 */
export function decodeCommands(message: unknown, at: Instant): Posted[] {
  const [, sentAt, commands] = versioned(message);
  if (!isTime(sentAt) || !Array.isArray(commands) || commands.length > BATCH_MAX) {
    throw new BadMessage(`A batch must have its time and up to ${BATCH_MAX} commands`);
  }
  const lay = Math.max(0, at.now - sentAt);
  return commands.map((each) => postedOf(each, at.monotonic - lay));
}

function postedOf(told: unknown, sentAt: number): Posted {
  if (!Array.isArray(told)) throw new BadMessage("A command must be an array");
  const [kind, key, remainingMs, marks, command] = told;
  const isFit = typeof kind === "string" && typeof key === "string" && isTime(remainingMs) && isTime(marks) &&
    typeof command === "object" && command !== null && typeof command.id === "string";
  if (!isFit) throw new BadMessage("A command must be [kind, key, remainingMs, marks, command]");
  return { kind, key, command, deadline: sentAt + remainingMs, doubtful: (marks & 1) === 1, handed: marks >> 1 };
}

function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A message with its version first. @throws BadMessage where this node does not understand that */
export function versioned(message: unknown): [version: number, ...parts: unknown[]] {
  const version = Array.isArray(message) ? message[0] : undefined;
  if (isTime(version) && version >= PROTOCOL_MIN && version <= PROTOCOL) {
    return message as [number, ...unknown[]];
  }
  throw new BadMessage(`A message must begin with a version from ${PROTOCOL_MIN} to ${PROTOCOL}`);
}

/** Answers as a line. */
export function encodeAnswers(answers: readonly Answer[]): string {
  return JSON.stringify(answers);
}

/** The answers of a line. @throws BadMessage */
export function decodeAnswers(line: string): Answer[] {
  const answers: unknown = JSON.parse(line);
  if (!Array.isArray(answers) || !answers.every(isAnswer)) throw new BadMessage("A line must be answers");
  return answers;
}

function isAnswer(told: unknown): told is Answer {
  if (!Array.isArray(told) || told.length !== 3 || !isTime(told[0])) return false;
  const [, code, value] = told;
  if (code === FAULT) return typeof value === "string";
  if (code === NOT_OWNER) return memberOf(value) !== undefined;
  return code === DONE || code === REFUSED;
}
