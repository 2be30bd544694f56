import assert from "node:assert/strict";
import { openLog } from "../src/log.ts";

/** What is written to standard error meanwhile. */
async function written(body: () => Promise<void>): Promise<string> {
  const { writeSync } = Deno.stderr;
  let text = "";
  Deno.stderr.writeSync = (bytes) => {
    text += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  try {
    await body();
  } finally {
    Deno.stderr.writeSync = writeSync;
  }
  return text;
}

Deno.test("a log line has no password of a URL, in its message or beside it, on a terminal or as JSON", async () => {
  for (const terminal of [true, false]) {
    const text = await written(async () => {
      const log = await openLog("debug", terminal);
      const reason = `Invalid URL: 'postgres://u:hunter2"x@h/d?password=hunter2'`;
      log.warn("Waiting for the database: {reason}", { reason });
      log.error("{route} failed: {error}", { route: "GET /", error: new Error(reason), stack: `Error\n at ${reason}` });
      log.info("Listed {all}", { all: [reason, { reason }] });
      log.info(reason);
    });
    const lines = text.trimEnd().split("\n");
    assert.equal(lines.length >= 4, true, text);
    assert(!text.includes("hunter2"), text);
    assert.match(text, /postgres:\/\/\*\*\*@h\/d\?\*\*\*/);
    if (!terminal) { for (const line of lines) assert.equal(typeof JSON.parse(line).message, "string"); }
  }
});
