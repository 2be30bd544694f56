/** Is the node in this container alive? Exits with 0 where it says so, else with 1. */
import { readConfig } from "../src/config/config.ts";

const { port } = readConfig({ PORT: Deno.env.get("PORT"), SERVER_PORT: Deno.env.get("SERVER_PORT") });
const isAlive = await fetch(`http://127.0.0.1:${port}/livez`).then(({ ok }) => ok, () => false);
Deno.exit(isAlive ? 0 : 1);
