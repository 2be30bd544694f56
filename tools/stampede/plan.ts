/** What does a buyer mean to do? Decided before the first request, by chance from a seed. */
import { type Random, randomFrom } from "../random.ts";

/** How often, in a hundred, a buyer is of each kind. */
export const KINDS = {
  /** Buys what it gets. */
  keen: 60,
  /** Checks out, then gives back or walks away as often as it buys. */
  wavering: 15,
  /** Comes twice: sends everything two times at once. */
  double: 10,
  /** Asks for one item, the same for all bots, again and again. */
  bot: 10,
  /** Wants more than one may have. */
  hoarding: 5,
} as const;

/** A kind of buyer. */
export type Kind = keyof typeof KINDS;

/** What becomes of a hold: bought, given back, or left to expire. */
export type Ending = "buy" | "give back" | "walk away";

/** One checkout that a buyer may make. */
export interface Try {
  /** The place of the item among the sale's. */
  readonly place: number;
  readonly ending: Ending;
}

/** A buyer's plan. */
export interface Plan {
  readonly kind: Kind;
  /** In order, until it has as many holds as it wants, or is told that it has reached its limit. */
  readonly tries: readonly Try[];
  readonly wants: number;
  /** How often each request is sent, at once. */
  readonly copies: number;
}

/** What all buyers of a stampede share. */
export interface Scene {
  readonly seed: number;
  /** Items of the sale. */
  readonly items: number;
  /** Items that a user may buy. */
  readonly limit: number;
}

const BOT_TRIES = 12;
const WANTS_MAX = 4;
const TRIES_PER_WANT = 3;
/** Holds beyond its limit that a hoarder wants. */
const EXCESS = 5;
/** Keeps the chances of neighbouring buyers apart. */
const STRIDE = 0x9e3779b1;

function kindOf(random: Random): Kind {
  let drawn = random(100);
  for (const kind of Object.keys(KINDS) as Kind[]) {
    drawn -= KINDS[kind];
    if (drawn < 0) return kind;
  }
  throw new TypeError("Cannot draw a kind of buyer as KINDS must add up to 100");
}

function endingOf(kind: Kind, random: Random): Ending {
  if (kind !== "wavering") return "buy";
  return (["buy", "give back", "walk away"] as const)[random(3)]!;
}

/** The place of the item that all bots want. */
export function botPlace({ seed, items }: Scene): number {
  return randomFrom(seed)(items);
}

/** The plan of the buyer of a number, from 0. */
export function planOf(scene: Scene, number: number): Plan {
  const random = randomFrom(scene.seed + Math.imul(number + 1, STRIDE));
  const kind = kindOf(random);
  const copies = kind === "double" ? 2 : 1;
  if (kind === "bot") {
    const place = botPlace(scene);
    return { kind, copies, wants: 1, tries: Array.from({ length: BOT_TRIES }, () => ({ place, ending: "buy" })) };
  }
  const wants = kind === "hoarding" ? scene.limit + EXCESS : 1 + random(WANTS_MAX);
  const tries = Array.from({ length: wants * TRIES_PER_WANT }, () => {
    return { place: random(scene.items), ending: endingOf(kind, random) };
  });
  return { kind, copies, wants, tries };
}
