/** A database session that answers readings of the clock when the test says so. */
import { type Connection, ConnectionLost, type Row } from "../../src/storage/sql.ts";

/** The session; each reading waits for its answer. */
export class ClockSession implements Connection {
  lost = false;
  /** Readings that were sent and not answered. */
  readonly sent: PromiseWithResolvers<Row[]>[] = [];

  query(): Promise<Row[]> {
    const reading = Promise.withResolvers<Row[]>();
    this.sent.push(reading);
    return reading.promise;
  }

  /** Answers the oldest reading. @param time in milliseconds since the Unix epoch */
  answer(time: number): void {
    this.sent.shift()!.resolve([[time]]);
  }

  script(): Promise<void> {
    return Promise.resolve();
  }

  destroy(): void {
    this.lost = true;
    for (const reading of this.sent.splice(0)) reading.reject(new ConnectionLost("as the test wants it"));
  }
}
