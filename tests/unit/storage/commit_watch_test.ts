/** When are commits lost, when are they back, and how often is that told? */
import assert from "node:assert/strict";
import { CommitWatch } from "../../../src/storage/commit_watch.ts";
import { type Connection, ConnectionLost, NotConnected, type Row, SqlError } from "../../../src/storage/sql.ts";
import { FakeClock, settle } from "../../support/fake_clock.ts";

/** A PostgreSQL whose commits may hang or fail, and that may be gone. */
class FakePostgres {
  isDown = false;
  isHung = false;
  refuses: Error | undefined;
  connects = 0;
  probes = 0;
  /** Server processes that were ended by the one after. */
  readonly ended: unknown[][] = [];
  readonly sessions: FakeSession[] = [];
  #release: (() => void)[] = [];

  constructor(readonly clock: FakeClock) {}

  connect = (silenceMs: number): Promise<Connection> => {
    this.connects++;
    if (this.isDown) return Promise.reject(new NotConnected("nobody listens"));
    const session = new FakeSession(this, silenceMs, this.connects);
    this.sessions.push(session);
    return Promise.resolve(session);
  };

  async commit(): Promise<void> {
    this.probes++;
    if (this.refuses !== undefined) throw this.refuses;
    if (this.isHung) await new Promise<void>((resolve) => this.#release.push(resolve));
  }

  /** Commits go through again, those that hang first. */
  heal(): void {
    this.isDown = this.isHung = false;
    for (const release of this.#release.splice(0)) release();
  }

  /** Every session ends. */
  cut(): void {
    for (const session of this.sessions) session.lost = true;
  }
}

class FakeSession implements Connection {
  lost = false;

  constructor(readonly postgres: FakePostgres, readonly silenceMs: number, readonly id: number) {}

  async query(text: string, params: readonly unknown[] = []): Promise<Row[]> {
    if (this.lost) throw new NotConnected("the session ended");
    if (text.includes("pg_terminate_backend")) {
      this.postgres.ended.push([...params]);
      return [];
    }
    if (!text.includes("pg_logical_emit_message")) return [[this.id, "then"]];
    const gaveUp = Promise.withResolvers<never>();
    const cancel = this.postgres.clock.after(this.silenceMs, () => {
      this.destroy();
      gaveUp.reject(new ConnectionLost("no answer"));
    });
    await Promise.race([this.postgres.commit(), gaveUp.promise]).finally(cancel);
    return [["0/1"]];
  }
  script(): Promise<void> {
    return Promise.resolve();
  }
  destroy(): void {
    this.lost = true;
  }
}

function watched() {
  const clock = new FakeClock();
  const postgres = new FakePostgres(clock);
  const told: string[] = [];
  const watch = new CommitWatch(postgres.connect, clock, {
    lost: (reason) => void told.push(`lost: ${reason}`),
    stillLost: (seconds, failures, reason) => void told.push(`still ${seconds} s, ${failures}: ${reason}`),
    back: (seconds, failures) => void told.push(`back ${seconds} s, ${failures}`),
    troubled: (failures, reason) => void told.push(`troubled ${failures}: ${reason}`),
  });
  watch.start();
  return { clock, postgres, watch, told };
}

Deno.test("an idle node commits each second on one session, a busy one not at all", async () => {
  const { clock, postgres, watch, told } = watched();
  await clock.advance(10_000);
  assert.deepEqual([postgres.probes, postgres.connects], [10, 1]);
  for (let tenth = 0; tenth < 100; tenth++) {
    watch.committed();
    await clock.advance(100);
  }
  assert.equal(postgres.probes, 10);
  assert(watch.succeeds && watch.ageMs <= 100);
  assert.deepEqual(told, []);
});

Deno.test("commits that hang are lost after five seconds, and back by themselves, on the session that hung", async () => {
  const { clock, postgres, watch, told } = watched();
  await clock.advance(3_000);
  postgres.isHung = true;
  await clock.advance(5_900);
  assert.deepEqual([watch.succeeds, told], [true, []]);
  await clock.advance(100);
  assert.deepEqual([watch.succeeds, told], [false, ["lost: no commit was confirmed for 5 s"]]);
  await clock.advance(15_000);
  assert.equal(Math.floor(watch.ageMs / 1_000), 21);
  postgres.heal();
  await settle();
  assert.deepEqual([watch.succeeds, watch.ageMs, told[1]], [true, 0, "back 20 s, 0"]);
  await clock.advance(5_000);
  assert.deepEqual([postgres.connects, told.length], [1, 2]);
});

Deno.test("a probe that hangs is made again on another session each half minute, and its server process is ended", async () => {
  const { clock, postgres, watch, told } = watched();
  await clock.advance(3_000);
  postgres.isHung = true;
  await clock.advance(115_000);
  assert.equal(postgres.connects, 4);
  assert.deepEqual(postgres.ended, [[1, "then"], [2, "then"], [3, "then"]]);
  assert.equal(postgres.sessions.filter(({ lost }) => !lost).length, 1);
  postgres.heal();
  await settle();
  assert(watch.succeeds);
  assert.deepEqual(told.map((line) => line.split(" ")[0]), ["lost:", "still", "still", "still", "back"]);
});

Deno.test("a database that is gone is one error, a reminder each half minute with the count, and one line once it is back", async () => {
  const { clock, postgres, watch, told } = watched();
  await clock.advance(1_000);
  postgres.isDown = true;
  postgres.cut();
  watch.failed(new ConnectionLost("reset"));
  await settle();
  assert.deepEqual([watch.succeeds, told], [true, ["lost: nobody listens"]]);
  // Two lanes that ask for a session ten times a second.
  for (let tenth = 0; tenth < 700; tenth++) {
    watch.failed(new NotConnected("nobody listens"));
    watch.failed(new NotConnected("nobody listens"));
    await clock.advance(100);
    assert.equal(watch.succeeds, tenth < 49);
  }
  assert.deepEqual(told.slice(1).map((line) => line.replace(/\d+(?=:)/, "n")), [
    "still 30 s, n: nobody listens",
    "still 60 s, n: nobody listens",
  ]);
  const counts = told.slice(1).map((line) => Number(/(\d+):/.exec(line)![1]));
  assert(counts[0]! > 600 && counts[1]! > 1_200, String(counts));
  postgres.heal();
  await clock.advance(1_000);
  assert.equal(told.length, 4);
  assert.match(told[3]!, /^back 71 s, 14\d\d$/);
  assert(watch.succeeds);
});

Deno.test("a commit of a claim says as well as a probe that the database is back", async () => {
  const { clock, postgres, watch, told } = watched();
  postgres.isHung = true;
  await clock.advance(7_000);
  watch.committed();
  assert.deepEqual([watch.succeeds, told.length, told[1]], [true, 2, "back 6 s, 0"]);
});

Deno.test("sessions that are lost while commits succeed are told at most each half minute, with their count", async () => {
  const { clock, postgres, watch, told } = watched();
  postgres.cut();
  for (let times = 0; times < 3; times++) watch.failed(new ConnectionLost("reset"));
  await clock.advance(1_000);
  assert.deepEqual([watch.succeeds, told], [true, ["troubled 3: reset"]]);
  for (let second = 0; second < 60; second++) {
    watch.failed(new NotConnected("too many clients"));
    postgres.cut();
    await clock.advance(1_000);
  }
  assert.deepEqual(told.slice(1), ["troubled 30: too many clients", "troubled 30: too many clients"]);
});

Deno.test("commits hang from the time when that is told until one is confirmed, not where there is no session", async () => {
  const { clock, postgres, watch } = watched();
  postgres.isHung = true;
  await clock.advance(5_000);
  assert(!watch.hangs);
  await clock.advance(1_000);
  assert(watch.hangs);
  postgres.heal();
  await settle();
  assert(!watch.hangs);
  postgres.isDown = true;
  postgres.cut();
  await clock.advance(10_000);
  assert(watch.isLost && !watch.hangs);
});

Deno.test("a probe that a busy node's claims outlive is no loss", async () => {
  const { clock, postgres, watch, told } = watched();
  postgres.isHung = true;
  await clock.advance(1_500); // a probe is out
  postgres.isDown = true;
  for (let tenth = 0; tenth < 400; tenth++) {
    watch.committed();
    await clock.advance(100);
  }
  assert.deepEqual([watch.succeeds, watch.isLost, told], [true, false, ["troubled 1: no answer"]]);
});

Deno.test("a server that forbids the probe's function is not taken for lost, and that is told", async () => {
  const { clock, postgres, watch, told } = watched();
  postgres.refuses = new SqlError("42501", "permission denied for function pg_logical_emit_message");
  await clock.advance(20_000);
  assert(watch.succeeds && watch.ageMs >= 20_000);
  assert.deepEqual(told, ["troubled 1: permission denied for function pg_logical_emit_message"]);
  assert.equal(postgres.connects, 1);
  postgres.isDown = true;
  postgres.cut();
  await clock.advance(10_000);
  assert(!watch.succeeds && told[1]!.startsWith("lost"));
  postgres.heal();
  await clock.advance(1_000);
  assert(watch.succeeds && told[2]!.startsWith("back"));
});

Deno.test("stop() ends the session, and nothing is told or tried after it", async () => {
  const { clock, postgres, watch, told } = watched();
  await clock.advance(1_000);
  postgres.isDown = true;
  watch.stop();
  watch.failed(new NotConnected("nobody listens"));
  await clock.advance(100_000);
  assert.deepEqual([postgres.sessions[0]!.lost, postgres.connects, told, clock.timers], [true, 1, [], 0]);
});
