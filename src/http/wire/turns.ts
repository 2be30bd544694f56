/**
 * How does every connection have its turn? The runtime does at once what can be read or written at once, and looks only
 * then which sockets have become ready. Where answers cost little, connections whose clients are quick would keep the
 * others out for a tenth of a second and more. So after some requests all connections wait for a timer: before it fires,
 * the runtime looks at every socket.
 */

/** Requests, of all connections together, after which they wait: 3 ms of answers that cost nothing. */
const REQUESTS_MAX = 256;

let requests = 0;
let round: Promise<void> | undefined;

function nextRound(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => {
      requests = 0;
      round = undefined;
      resolve();
    }, 0);
  });
}

/**
 * What a connection waits for between an answer and the next request; undefined where for nothing.
 *
 * @param isNextHere whether its next request was read already: a client that sends one after another without waiting would
 * have the thread to itself
 */
export function turnAfterAnswer(isNextHere: boolean): Promise<void> | undefined {
  if (round !== undefined || ++requests >= REQUESTS_MAX) return round ??= nextRound();
  return isNextHere ? new Promise((resolve) => setImmediate(resolve)) : undefined;
}
