import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { formatterOf, openLog } from "../../../src/node/log.ts";

function recordOf(template: string, value: unknown): LogRecord {
  const [before, after] = template.split("{}") as [string, string];
  return {
    category: ["doorbuster"],
    level: "info",
    message: [before, value, after],
    rawMessage: template,
    properties: { value },
    timestamp: 0,
  };
}

for (const terminal of [true, false]) {
  const where = terminal ? "on a terminal" : "as JSON";
  const lineOf = (template: string, value: unknown) => String(formatterOf(terminal)(recordOf(template, value)));

  Deno.test(`the log ${where} shows a URL as one, without quotes in it`, () => {
    assert.match(lineOf("Serves on {} now", "http://127.0.0.1:8080"), /Serves on http:\/\/127\.0\.0\.1:8080 now/);
  });

  Deno.test(`the log ${where} keeps a value with line ends and escape sequences in one harmless line`, () => {
    const line = lineOf("Failed: {}", "first\nsecond\u001b[2Jthird");
    assert.equal(line.trimEnd().split("\n").length, 1, line);
    assert(!line.includes("\u001b[2J"), line);
    assert(line.includes("third"), line);
  });

  Deno.test(`the log ${where} shows what is no text as a program would`, () => {
    assert.match(lineOf("Ring: {}", ["a", "b"]), /Ring: \[ .{0,9}"a.{0,9}"/);
    assert.match(lineOf("Count: {}", 3), /Count: .{0,9}3/);
  });
}

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
