/**
 * Who may speak to this node as a peer? Whoever shows the cluster's secret, on a listener of its own: the public port
 * never serves this. Without the secret there is nothing but 401, whatever is asked, and no body is read.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { PATHS } from "./calls.ts";
import { LINK_OPTIONS } from "./link.ts";
import { LinkEnd } from "./link_end.ts";
import type { Reception } from "./reception.ts";
import { MESSAGE_MAX } from "./wire.ts";

/** Where the peers' listener is. */
export interface PeerServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly secret: string;
  readonly reception: Reception;
}

/** The peers' listener. */
export interface PeerServer {
  readonly port: number;
  /** Takes no more messages; resolves once those that are being answered are. */
  close(): Promise<void>;
}

/** Connections that say nothing are kept for longer than `fetch` keeps its own, in milliseconds. */
const KEEP_MS = 120_000;
const LINES = { "content-type": "application/x-ndjson" };

/** Starts to listen. @throws Error where its port cannot be had */
export async function servePeers({ host, port, secret, reception }: PeerServerOptions): Promise<PeerServer> {
  const wanted = digestOf(`Bearer ${secret}`);
  const isPeer = ({ headers }: IncomingMessage) => timingSafeEqual(digestOf(headers.authorization ?? ""), wanted);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!isPeer(request)) return refuse(response, 401);
    if (request.method !== "POST") return refuse(response, 405);
    // A body that does not say how long it is is not a peer's.
    const length = Number(request.headers["content-length"] ?? NaN);
    if (!(length <= MESSAGE_MAX)) return refuse(response, 413);
    let message: string;
    try {
      message = await text(request);
    } catch {
      return void response.destroy(); // its sender is gone
    }
    const { status, write } = reception.receive(request.url!, message);
    answering.add(response);
    response.on("close", () => answering.delete(response)).writeHead(status, LINES);
    if (write === undefined) response.end();
    else write((line, isLast) => isLast ? response.end(line + "\n") : response.write(line + "\n"));
  };
  const answering = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    answer(request, response).catch((error) => {
      reception.context.events.unexpected(error);
      response.destroy();
    });
  });
  server.keepAliveTimeout = KEEP_MS;
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.setKeepAlive(true, KEEP_MS);
    // Without it an upgrade whose sender resets the connection would end this process.
    socket.on("error", () => socket.destroy()).on("close", () => connections.delete(socket));
  });
  let closing = false;
  const ends = new Set<LinkEnd>();
  const sockets = new WebSocketServer({ noServer: true, ...LINK_OPTIONS });
  server.on("upgrade", (request, socket, head) => {
    const refused = !isPeer(request) ? 401 : request.url !== PATHS.link ? 404 : closing ? 503 : undefined;
    if (refused !== undefined) {
      const head = `HTTP/1.1 ${refused} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
      socket.end(head, () => socket.destroy());
      return;
    }
    sockets.handleUpgrade(request, socket, head, (link) => {
      const end = new LinkEnd(link, (message) => reception.receive(PATHS.commands, message));
      ends.add(end);
      link.on("close", () => ends.delete(end));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.on("error", reject).listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      closing = true;
      const closed = new Promise((resolve) => server.close(resolve));
      await Promise.all([...ends].map((end) => end.close()));
      await Promise.all([...answering].map((response) => once(response, "close")));
      for (const socket of connections) socket.destroy(); // who has sent no whole message by now is not waited for
      await closed;
    },
  };
}

/** Refuses a request whose body was not read: its connection would wait for the rest of that. */
function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status, { connection: "close" }).end();
}

/** Of equal length, so that comparing takes the same time whatever was shown. */
function digestOf(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
