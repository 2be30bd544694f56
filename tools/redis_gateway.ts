/**
 * How does a client of Upstash's REST protocol talk to a plain Redis? Through this gateway: a command is a POST of an
 * array to `/`, several are arrays of arrays to `/pipeline`, or to `/multi-exec` where all run as one. For tests and
 * clusters on one machine; elsewhere use Upstash itself or serverless-redis-http.
 */
import { timingSafeEqual } from "node:crypto";
import { createClient, ErrorReply } from "@redis/client";
import { type Context, Hono } from "hono";

/** How the gateway serves. */
export interface GatewayOptions {
  readonly redisUrl: string;
  readonly token: string;
  /** On 127.0.0.1; 0 or undefined takes a free one. */
  readonly port?: number;
}

/** A running gateway. */
export interface Gateway {
  readonly url: string;
  /** Ends it and its connection. */
  stop(): Promise<void>;
}

type Reply = { readonly result: unknown } | { readonly error: string };
type Run = (command: readonly string[]) => Promise<unknown>;

const BAD_COMMAND = "ERR failed to parse command: must be an array of strings and numbers, not empty";

/** A command as Redis takes it; undefined where it is none. */
function commandOf(body: unknown): string[] | undefined {
  if (!Array.isArray(body) || body.length === 0) return undefined;
  return body.every((part) => ["string", "number", "boolean"].includes(typeof part)) ? body.map(String) : undefined;
}

/** A reply with its strings in base64, which the client asks for so that every byte survives JSON; `OK` stays. */
function inBase64(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inBase64);
  if (typeof value !== "string" || value === "OK") return value;
  return btoa(String.fromCharCode(...new TextEncoder().encode(value)));
}

async function replyOf(run: () => Promise<unknown>, encode: (value: unknown) => unknown): Promise<Reply> {
  try {
    return { result: encode(await run()) };
  } catch (error) {
    if (error instanceof ErrorReply) return { error: error.message };
    throw error;
  }
}

function isToken(header: string | undefined, token: string): boolean {
  const [given, wanted] = [header ?? "", `Bearer ${token}`].map((text) => new TextEncoder().encode(text));
  return given!.length === wanted!.length && timingSafeEqual(given!, wanted!);
}

/** Starts a gateway. @throws where Redis cannot be reached */
export async function startGateway({ redisUrl, token, port = 0 }: GatewayOptions): Promise<Gateway> {
  const client = createClient({ url: redisUrl, socket: { reconnectStrategy: 100 }, disableOfflineQueue: true });
  client.on("error", () => {}); // Commands tell it, each for itself.
  await client.connect();
  const run: Run = (command) => client.sendCommand([...command]);
  const encoder = (context: Context) =>
    context.req.header("upstash-encoding") === "base64" ? inBase64 : (value: unknown) => value;
  const app = new Hono();

  app.use(async (context, next) => {
    if (!isToken(context.req.header("authorization"), token)) return context.json({ error: "Unauthorized" }, 401);
    return await next();
  });

  app.post("/", async (context) => {
    const command = commandOf(await context.req.json());
    if (command === undefined) return context.json({ error: BAD_COMMAND }, 400);
    const reply = await replyOf(() => run(command), encoder(context));
    return context.json(reply, "error" in reply ? 400 : 200);
  });

  app.post("/pipeline", async (context) => {
    const commands = (await context.req.json() as unknown[]).map(commandOf);
    if (commands.includes(undefined)) return context.json({ error: BAD_COMMAND }, 400);
    const encode = encoder(context);
    return context.json(await Promise.all(commands.map((command) => replyOf(() => run(command!), encode))));
  });

  app.post("/multi-exec", async (context) => {
    const commands = (await context.req.json() as unknown[]).map(commandOf);
    if (commands.includes(undefined)) return context.json({ error: BAD_COMMAND }, 400);
    const reply = await replyOf(() => {
      const multi = client.multi();
      for (const command of commands) multi.addCommand(command!);
      return multi.exec();
    }, encoder(context));
    if ("error" in reply) return context.json(reply, 400);
    return context.json((reply.result as unknown[]).map((result) => ({ result })));
  });

  app.onError((error, context) => context.json({ error: `ERR ${error.message}` }, 502));

  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, app.fetch);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async stop() {
      await server.shutdown();
      client.destroy();
    },
  };
}
