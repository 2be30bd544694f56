/**
 * Runs audits on every node, again and again, at a pace that leaves the database to claims and purchases. The first audit
 * starts at a random time, so that nodes that were started together do not audit together.
 */
import { type AuditReport, type AuditRows, type Audits, type Clock, Fault } from "../ports/mod.ts";
import { audit } from "./audit.ts";
import { AuditStopped, Pace } from "./pace.ts";
import { Rounds } from "./rounds.ts";

/** Share of the time in which an audit may run statements. */
export const AUDIT_SHARE = 0.05;
/** As {@linkcode AUDIT_SHARE}, for an audit on request. */
export const AUDIT_NOW_SHARE = 0.5;

/** Must not throw. */
export interface AuditorEvents {
  /** An audit ended. */
  audited(report: AuditReport): void;
  /** An audit failed; the next one tries again. */
  failed(error: unknown): void;
}

/** Audits on a schedule and on request. */
export class Auditor implements Audits {
  readonly #rows: AuditRows;
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #events: AuditorEvents;
  readonly #pace: Pace;
  readonly #rounds: Rounds;
  #waited = false;
  #stopped = false;
  /** The pace of the audit on request. */
  #paceNow: Pace | undefined;

  /** @param everyMs milliseconds from the end of an audit to the start of the next; 0 for none */
  constructor(rows: AuditRows, clock: Clock, everyMs: number, events: AuditorEvents) {
    this.#rows = rows;
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#events = events;
    this.#pace = new Pace(rows, clock, AUDIT_SHARE);
    this.#rounds = new Rounds(clock, () => this.#round());
  }

  /** Audits until it is stopped. Must be called only once. */
  start(): void {
    if (this.#everyMs > 0) this.#rounds.start();
  }

  /** Stops; resolves once the current read has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pace.stop();
    this.#paceNow?.stop();
    await this.#rounds.stop();
  }

  async auditNow(signal: AbortSignal): Promise<AuditReport> {
    if (this.#stopped) throw new Fault("stopping", "Cannot audit as this node is leaving");
    if (this.#paceNow !== undefined) throw new Fault("overloaded", "Cannot audit as another audit is running: 1");
    const pace = this.#paceNow = new Pace(this.#rows, this.#clock, AUDIT_NOW_SHARE);
    const stop = () => pace.stop();
    signal.addEventListener("abort", stop);
    try {
      signal.throwIfAborted();
      return await audit(pace, false);
    } catch (error) {
      if (!(error instanceof AuditStopped || signal.aborted)) throw error;
      throw new Fault("stopping", "The audit was ended before its end", { cause: error });
    } finally {
      signal.removeEventListener("abort", stop);
      this.#paceNow = undefined;
    }
  }

  async #round(): Promise<number> {
    if (!this.#waited) {
      this.#waited = true;
      return this.#clock.random() * this.#everyMs;
    }
    try {
      this.#events.audited(await audit(this.#pace, true));
    } catch (error) {
      if (!(error instanceof AuditStopped)) this.#events.failed(error);
    }
    return this.#everyMs;
  }
}
