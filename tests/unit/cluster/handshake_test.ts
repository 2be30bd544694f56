import assert from "node:assert/strict";
import fc from "fast-check";
import { agreed, Dialling, Listening, NoPeer, type Trust } from "../../../src/cluster/handshake.ts";
import { MESSAGE, type Session } from "../../../src/cluster/session.ts";
import { FRAME_HEAD } from "../../../src/cluster/frames.ts";
import { trustOf } from "../../support/link_servers.ts";

/** What passes in a handshake, in its order, each message changed by `forge`. @throws NoPeer */
function shakeHands(
  dials: Trust = trustOf("a"),
  listens: Trust = trustOf("b"),
  forge: (message: string, place: number) => string = (message) => message,
): { readonly said: string[]; readonly dials: Session; readonly listens: Session } {
  const said: string[] = [];
  const pass = (message: string) => {
    said.push(message);
    return forge(message, said.length - 1);
  };
  const [dialling, listening] = [new Dialling(dials), new Listening(listens)];
  const { message } = listening.challenge(pass(dialling.hello));
  const claim = dialling.prove(pass(message));
  const end = listening.end(pass(claim));
  return { said, dials: dialling.end(pass(end.message)), listens: end.session };
}

function heard(from: Session, to: Session): string | undefined {
  return to.open(from.seal(MESSAGE, "x").subarray(FRAME_HEAD))?.text;
}

Deno.test("two nodes of one cluster know each other, and hear each other, each in its own direction alone", () => {
  const { dials, listens } = shakeHands();
  assert.deepEqual([dials.remote, listens.remote], [trustOf("b").self, trustOf("a").self]);
  assert.deepEqual([heard(dials, listens), heard(listens, dials)], ["x", "x"]);
  assert.notDeepEqual(dials.sealKey, dials.openKey);
});

Deno.test("neither the secret nor a key of it passes, and no two handshakes are alike", () => {
  const trust = { ...trustOf("a"), secret: "SECRET-of-a-cluster" };
  const runs = Array.from({ length: 20 }, () => shakeHands(trust, { ...trustOf("b"), secret: trust.secret }));
  const said = runs.flatMap((run) => run.said);
  assert(!said.join().includes("SECRET"));
  assert.equal(new Set(said).size, said.length);
  assert.equal(new Set(runs.map(({ dials }) => dials.sealKey.toHex())).size, runs.length);
});

Deno.test("whoever differs in the secret or the database is no peer, whichever end it is", () => {
  for (const other of [{ secret: "another secret of a cluster" }, { database: "" }, { database: "7300/6" }]) {
    assert.throws(() => shakeHands({ ...trustOf("a"), ...other }), NoPeer);
    assert.throws(() => shakeHands(trustOf("a"), { ...trustOf("b"), ...other }), NoPeer);
  }
});

Deno.test("a handshake of which one character was changed on its way ends, whichever it was", () => {
  fc.assert(
    fc.property(fc.nat({ max: 3 }), fc.nat(), fc.nat({ max: 94 }), (place, at, by) => {
      let isChanged = false;
      const forge = (message: string, of: number) => {
        if (of !== place) return message;
        const [index, char] = [at % message.length, String.fromCharCode(32 + by)];
        isChanged = message[index] !== char;
        return message.slice(0, index) + char + message.slice(index + 1);
      };
      try {
        shakeHands(undefined, undefined, forge);
      } catch (error) {
        assert(error instanceof NoPeer, String(error));
        return;
      }
      assert(!isChanged, "it was taken though it was changed");
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("what passed once proves nothing in another handshake", () => {
  const { said } = shakeHands();
  for (const replayed of [[0], [1], [2], [3], [0, 2], [1, 3]]) {
    const forge = (message: string, place: number) => replayed.includes(place) ? said[place]! : message;
    assert.throws(() => shakeHands(undefined, undefined, forge), NoPeer, replayed.join());
  }
});

Deno.test("a node's own messages sent back to it prove nothing", () => {
  const dialling = new Dialling(trustOf("a"));
  assert.throws(() => dialling.prove(dialling.hello), NoPeer);
  // The listening end answers as it was spoken to: with the same nonce, and then with the same proof.
  const mirrored = new Dialling(trustOf("a"));
  const nonce = JSON.parse(mirrored.hello)[3];
  const claim = mirrored.prove(JSON.stringify([4, 4, 4, nonce]));
  assert.throws(() => mirrored.end(claim), NoPeer);
  // A node that is dialled by way of a stranger is itself, and known to be.
  const itself = shakeHands(trustOf("a"), trustOf("a"));
  assert.deepEqual(itself.dials.remote, trustOf("a").self);
});

Deno.test("a frame is good once, in its place, in its direction, in its session, and unchanged", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(), fc.integer({ min: 1, max: 255 }), (text, at, by) => {
    const { dials, listens } = shakeHands();
    const other = shakeHands();
    const [first, second] = [dials.seal(MESSAGE, text), dials.seal(MESSAGE, "2")].map((it) => it.subarray(FRAME_HEAD));
    const changed = first!.slice();
    changed[at % changed.length]! ^= by;
    for (const bad of [second!, changed, first!.subarray(0, -1), new Uint8Array(), new Uint8Array(100)]) {
      assert.equal(listens.open(bad), undefined);
    }
    assert.equal(dials.open(first!), undefined, "sent back");
    assert.equal(other.listens.open(first!), undefined, "of another session");
    assert.deepEqual(listens.open(first!), { kind: MESSAGE, text: text.toWellFormed() });
    assert.equal(listens.open(first!), undefined, "again");
    assert.equal(listens.open(second!)?.text, "2");
  }));
});

const version = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat({ max: 3 })).map(([min, more]) => {
  return { min, max: min + more };
});
Deno.test("two nodes speak the highest version that both know, whichever of them dials; else they say so", () => {
  fc.assert(fc.property(version, version, (a, b) => {
    const common = [12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1].find((it) =>
      [a, b].every(({ min, max }) => it >= min && it <= max)
    );
    assert.equal(agreed(a, b), common ?? 0);
    const run = () => shakeHands({ ...trustOf("a"), versions: a }, { ...trustOf("b"), versions: b });
    if (common === undefined) {
      assert.throws(run, new RegExp(`speaks versions ${b.min} to ${b.max}, this node ${a.min} to ${a.max}$`));
    } else assert.deepEqual([run().dials.version, run().listens.version], [common, common]);
  }));
});

Deno.test("whoever lowers the versions on their way is found out", () => {
  const both = { versions: { min: 4, max: 6 } };
  const lower = (message: string) =>
    message.replace('"doorbuster",4,6', '"doorbuster",4,5').replace("[6,4,6", "[5,4,5");
  const run = (...places: number[]) =>
    shakeHands({ ...trustOf("a"), ...both }, { ...trustOf("b"), ...both }, (message, place) => {
      return places.includes(place) ? lower(message) : message;
    });
  assert.equal(run().dials.version, 6);
  for (const places of [[0], [1], [0, 1]]) assert.throws(() => run(...places), NoPeer);
});
