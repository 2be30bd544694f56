/** How does a test tell of replies in short? */
import type { Reply } from "./node.ts";

/** A reply in short: `200`, or `412 item_unavailable`. */
export function answerOf({ status, body }: Reply): string {
  return status < 300 ? String(status) : `${status} ${body.code}`;
}

/** How often there was each answer: `{"200": 1, "412 item_unavailable": 99}`. */
export function tally(replies: readonly Reply[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const reply of replies) counts[answerOf(reply)] = (counts[answerOf(reply)] ?? 0) + 1;
  return counts;
}
