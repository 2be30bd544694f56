/** What do nodes know of one another? */
import { isWhole } from "./received.ts";

/** The version of the peers' protocol that this node speaks. */
export const PROTOCOL = 4;
/** The oldest version that it speaks; two nodes speak the highest that both know. */
export const PROTOCOL_MIN = 4;

/** A node of the cluster. */
export interface Member {
  /** 1 to 64 letters, digits, `.`, `_` or `-`. */
  readonly id: string;
  /** Where its peers reach it. */
  readonly url: string;
  /**
   * When it started, in milliseconds since the epoch by PostgreSQL's clock: of two with one id the greater one is
   * valid.
   */
  readonly incarnation: number;
  /** The highest version of the peers' protocol that it speaks. */
  readonly version: number;
}

const ID = /^[\w.-]{1,64}$/;

/** Whether a text can be a node's id. */
export function isNodeId(text: unknown): text is string {
  return typeof text === "string" && ID.test(text);
}

/** A value of another node or of the registry as a member; undefined if it is none. */
export function memberOf(told: unknown): Member | undefined {
  if (typeof told !== "object" || told === null) return undefined;
  const { id, url, incarnation, version } = told as Record<string, unknown>;
  if (!isNodeId(id) || !isWhole(incarnation) || !isWhole(version)) return undefined;
  if (typeof url !== "string" || url.length > 256 || /\s/.test(url) || !/^https?:\/\/[^/]/.test(url)) return undefined;
  return URL.canParse(url) ? { id, url, incarnation, version } : undefined;
}

/** Whether both are one process. */
export function isSame(a: Member, b: Member): boolean {
  return a.id === b.id && a.incarnation === b.incarnation;
}

/** A node as the rows of its actors name it. */
export function holderText({ id, incarnation, url, version }: Member): string {
  return `${id} ${incarnation} ${url} ${version}`;
}

/** The node that a row names; undefined if it names none that can be asked. */
export function holderOf(text: string | undefined): Member | undefined {
  const [id, incarnation, url, version] = (text ?? "").split(" ");
  return memberOf({ id, url, incarnation: Number(incarnation), version: Number(version) });
}
