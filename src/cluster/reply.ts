/**
 * What is the reply to a message between nodes? Lines, now or later, if the message was taken; else the reason why not.
 * On a link each line is `<number of the message> <status> <line>`, with a number for the status.
 */

/** What became of a message. Unless it is `answered` or `ambiguous`, nothing was taken. */
export type Status =
  | "answered"
  /** This version does not understand it. */
  | "malformed"
  /** The node does not know this kind of message. */
  | "unknown"
  /** What listens there is not a peer of this node. */
  | "no_peer"
  /** The node does not answer, or cannot take the message now. */
  | "unavailable"
  /** It was not delivered: nothing listens there, or the node has left. */
  | "never_connected"
  /** It may have been delivered; nothing else is known. */
  | "ambiguous";

/** Takes the lines of a reply. */
export type Sink = (line: string, isLast: boolean) => void;

/** The reply to a message of a peer: a way to write its lines, or why there are none. */
export interface Reply {
  readonly status: Extract<Status, "answered" | "malformed" | "unknown" | "unavailable">;
  /** Of `answered`. */
  readonly write?: (sink: Sink) => void;
}

/** A part of a reply, as it arrives. */
export interface ReplyPart {
  readonly number: number;
  /** Undefined while more lines are to come. */
  readonly status: Status | undefined;
  readonly line: string | undefined;
}

/** The statuses on the wire: other versions know these numbers. */
const NUMBERS = { answered: 200, malformed: 400, unknown: 404, unavailable: 503 } satisfies Record<
  Reply["status"],
  number
>;
/** More lines are to come. */
const MORE = 0;
const NAMES = new Map(Object.entries(NUMBERS).map(([name, number]) => [number, name as Status]));
const PART = /^(\d{1,15}) (\d{1,3})(?: |$)/;

/** @param status undefined: more lines are to come */
export function encodeReply(number: number | string, status: Reply["status"] | undefined, line?: string): string {
  const head = `${number} ${status === undefined ? MORE : NUMBERS[status]}`;
  return line === undefined ? head : `${head} ${line}`;
}

/** @returns undefined if a link's message is not a part of a reply */
export function decodeReply(text: string): ReplyPart | undefined {
  const [head, number, code] = PART.exec(text) ?? [];
  if (head === undefined) return undefined;
  const status = Number(code) === MORE ? undefined : NAMES.get(Number(code)) ?? ofAnotherVersion(Number(code));
  return { number: Number(number), status, line: text.length > head.length ? text.slice(head.length) : undefined };
}

function ofAnotherVersion(code: number): Status {
  return code < 500 ? "unknown" : "unavailable";
}
