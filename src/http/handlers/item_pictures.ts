/**
 * Draws the pictures of items on request: three shapes, the same from every node, not stored.
 *
 * Drawing takes 130 µs on the thread that also decides claims, and when a sale opens everyone looks at its items, so as many
 * pictures as a sale has items are cached. The style, "Shapes" by DiceBear, is in the public domain (CC0 1.0).
 */
import { Avatar, Style } from "@dicebear/core";
import shapes from "@dicebear/styles/shapes.json" with { type: "json" };
import { itemNameOf } from "../../domain/item_names.ts";
import { itemIdOf, type ItemPlace } from "../../domain/sale_ids.ts";
import type { Answered } from "../answers/answer.ts";
import { etagOf, isKnown } from "../answers/etag.ts";
import { headersOf, type RequestId } from "../requests/request_id.ts";

/** Pictures in the cache (least recently used first out): a sale of the usual size, 27 MB. */
export const PICTURES_MAX = 10_000;

const TYPE = "image/svg+xml";
/** A picture never changes, and if it is opened as a page it can neither load nor run anything. */
const HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "public, max-age=31536000, immutable",
  "content-security-policy": "default-src 'none'; sandbox",
  "x-content-type-options": "nosniff",
};

export interface Picture {
  /** An SVG document in UTF-8; must not be changed. */
  readonly svg: Uint8Array<ArrayBuffer>;
  /** The strong validator of these bytes. */
  readonly etag: string;
}

/** Draws items and caches recent pictures. */
export class ItemPictures {
  readonly #style = new Style(shapes);
  readonly #encoder = new TextEncoder();
  /** By item id, least recently used first. */
  readonly #kept = new Map<number, Picture>();
  readonly #picturesMax: number;

  /** @param picturesMax size of the cache, 0 or more */
  constructor(picturesMax: number = PICTURES_MAX) {
    this.#picturesMax = picturesMax;
  }

  /**
   * The picture of an item, whether or not the sale has so many items.
   *
   * @throws RangeError if no item can have this place
   */
  pictureOf(item: ItemPlace): Picture {
    const id = itemIdOf(item.number, item.n);
    const kept = this.#kept.get(id);
    const picture = kept ?? this.#draw(item, id);
    if (kept !== undefined) this.#kept.delete(id);
    this.#kept.set(id, picture);
    if (this.#kept.size > this.#picturesMax) this.#kept.delete(this.#kept.keys().next().value!);
    return picture;
  }

  /**
   * The answer to a GET of an item's picture: 200, or 304 if the client has it. Throws as `pictureOf`.
   *
   * @param asked the request's headers
   */
  answer(item: ItemPlace, asked: Headers, id: RequestId): Answered {
    const { svg, etag } = this.pictureOf(item);
    const headers: Record<string, string> = { ...headersOf(id, TYPE), ...HEADERS, etag };
    const known = isKnown(etag, asked);
    if (known) delete headers["content-type"];
    const response = new Response(known ? null : svg, { status: known ? 304 : 200, headers });
    return { response, code: undefined, error: undefined };
  }

  #draw({ number, n }: ItemPlace, id: number): Picture {
    const title = itemNameOf(number, n);
    const svg = this.#encoder.encode(new Avatar(this.#style, { seed: String(id), title }).toString());
    return { svg, etag: etagOf(svg) };
  }
}
