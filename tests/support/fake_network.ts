/**
 * A network in one process: real messages, 1 ms each way, between nodes that can die, freeze or be cut off. Like the
 * real one it says for sure that something was not delivered only where nothing listens; and what was sent to a frozen
 * process is read once it goes on, whether or not the sender still waits.
 */
import { isSame, type Member } from "../../src/cluster/member.ts";
import type { Reply, Status } from "../../src/cluster/reply.ts";
import { COMMANDS, type Transport } from "../../src/cluster/transport.ts";
import type { NodeClock } from "./node_clock.ts";

const LATENCY_MS = 1;

/** A process at an address. */
export interface Host {
  readonly url: string;
  /** Who proves to be there. */
  readonly self: Member;
  readonly clock: NodeClock;
  /** Of no peer it may answer any status. */
  readonly receive: (from: Member, what: string, text: string) => Pick<Reply, "write"> & { readonly status: Status };
}

/** All hosts and what is between them. */
export class FakeNetwork {
  readonly #hosts = new Map<string, Host>();
  readonly #cut = new Set<string>();
  /** Messages sent, by what they are. */
  readonly sent = new Map<string, number>();
  /** Decides of each message of commands whether its answers are lost, though it arrives. */
  losesAnswers: (from: string, to: string) => boolean = () => false;

  /** A process begins to listen. */
  listen(host: Host): void {
    this.#hosts.set(host.url, host);
  }

  /** Nothing passes between two any more, and neither is told. */
  cut(a: string, b: string): void {
    this.#cut.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  /** All connections work again. */
  heal(): void {
    this.#cut.clear();
  }

  /** What a process sends by. */
  transportOf(self: Member, clock: NodeClock): Transport & { close(): void } {
    const from = self.url;
    return {
      close() {},
      send: (member, what, text, signal, onLine) =>
        new Promise((resolve) => {
          const to = member.url;
          this.sent.set(what, (this.sent.get(what) ?? 0) + 1);
          signal.addEventListener("abort", () => clock.run(() => resolve("ambiguous")));
          clock.after(LATENCY_MS, () => {
            if (this.#cut.has(`${from} ${to}`)) return;
            const host = this.#hosts.get(to);
            const isOther = what === COMMANDS && host !== undefined && !isSame(host.self, member);
            if (host === undefined || host.clock.state === "dead" || isOther) resolve("never_connected");
            else this.#deliver({ self, to, what, text, host }, clock, onLine, resolve);
          });
        }),
    };
  }

  #deliver(
    { self, to, what, text, host }: { self: Member; to: string; what: string; text: string; host: Host },
    clock: NodeClock,
    onLine: (line: string) => void,
    resolve: (status: Status) => void,
  ): void {
    const from = self.url;
    const back = (callback: () => void) =>
      host.clock.world.after(LATENCY_MS, () => {
        if (host.clock.state === "dead") resolve("ambiguous");
        else if (!this.#cut.has(`${from} ${to}`)) clock.run(callback);
      });
    const isLost = what === COMMANDS && this.losesAnswers(from, to);
    host.clock.run(() => {
      const { status, write } = host.receive(self, what, text);
      if (isLost) back(() => resolve("ambiguous"));
      else if (write === undefined) back(() => resolve(status));
      else {
        write((line, isLast) =>
          back(() => {
            onLine(line);
            if (isLast) resolve(status);
          })
        );
      }
    });
  }

  /** Connections to a process that died are reset. */
  died(host: Host): void {
    if (this.#hosts.get(host.url) === host) this.#hosts.delete(host.url);
  }
}
