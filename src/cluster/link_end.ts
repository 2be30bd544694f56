/** How does a node answer what comes by a link? As {@linkcode Link} says; each message apart from all others. */
// @ts-types="@types/ws"
import type { WebSocket } from "ws";
import { GOING_AWAY, MORE } from "./link.ts";
import type { Reply } from "./reception.ts";

const BAD_MESSAGE = 1007;
const MESSAGE = /^(\d{1,15}) /;

/** The other end of a link. */
export class LinkEnd {
  #open = 0;
  #closing = false;
  readonly #closed = Promise.withResolvers<void>();

  /** @param receive answers a message */
  constructor(readonly socket: WebSocket, readonly receive: (text: string) => Reply) {
    socket.on("message", (data, isBinary) => this.#take(isBinary ? "" : String(data)));
    socket.on("error", () => socket.terminate());
    socket.on("close", () => this.#closed.resolve());
  }

  /** Takes no more messages, and ends it once those that it has taken are answered; resolves when it has ended. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#endOnceAnswered();
    await this.#closed.promise;
  }

  #take(text: string): void {
    if (this.#closing) return;
    const [head, number] = MESSAGE.exec(text) ?? [];
    if (head === undefined) {
      this.socket.close(BAD_MESSAGE);
      return;
    }
    const reply = this.receive(text.slice(head.length));
    if (reply.write === undefined) {
      this.socket.send(`${number} ${reply.status}`);
      return;
    }
    this.#open++;
    reply.write((line, isLast) => {
      this.socket.send(`${number} ${isLast ? reply.status : MORE} ${line}`);
      if (!isLast) return;
      this.#open--;
      this.#endOnceAnswered();
    });
  }

  #endOnceAnswered(): void {
    if (this.#closing && this.#open === 0) this.socket.close(GOING_AWAY);
  }
}
