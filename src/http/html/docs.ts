/**
 * Serves the OpenAPI document and the pages that show it. The pages load nothing from other servers, and their policy
 * forbids it.
 *
 * They are made on the first request and kept. Their sources are loaded at start, as Deno exits if it has no file descriptor
 * left to load a module.
 */
import swaggerScript from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "text" };
import swaggerStyle from "swagger-ui-dist/swagger-ui.css" with { type: "text" };
import type { Answered } from "../answers/answer.ts";
import { etagOf, isKnown } from "../answers/etag.ts";
import { refusal } from "../answers/answer.ts";
import { errorsPage } from "./errors_page.ts";
import { DOCS_STYLE, ICON, STYLE } from "./page_style.ts";
import { headersOf } from "../requests/request_id.ts";
import type { RoutedRequest } from "../requests/routed_request.ts";
import { PAGE_POLICY } from "../answers/secure_headers.ts";

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Doorbuster</title>
    <link rel="icon" href="/favicon.ico">
    <link rel="stylesheet" href="/docs/swagger-ui.css">
    <link rel="stylesheet" href="/docs/docs.css">
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const START = `SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null, // else the page would send the document to a validator on the Internet
  supportedSubmitMethods: ["get", "put", "post", "delete", "patch", "head"],
});
`;

/** A file or page. */
interface Text {
  readonly type: string;
  read(): string | Uint8Array<ArrayBuffer>;
  readonly policy?: string;
}

const HTML: Text = { type: "text/html; charset=utf-8", read: () => PAGE, policy: PAGE_POLICY };

const ERRORS: Text = { type: "text/html; charset=utf-8", read: errorsPage, policy: PAGE_POLICY };

const FAVICON: Text = { type: "image/x-icon", read: () => ICON };

const FILES: Readonly<Record<string, Text>> = {
  "start.js": { type: "text/javascript; charset=utf-8", read: () => START },
  "docs.css": { type: "text/css; charset=utf-8", read: () => DOCS_STYLE },
  "pages.css": { type: "text/css; charset=utf-8", read: () => STYLE },
  "swagger-ui.css": {
    type: "text/css; charset=utf-8",
    read: () => swaggerStyle,
  },
  "swagger-ui-bundle.js": {
    type: "text/javascript; charset=utf-8",
    read: () => swaggerScript,
  },
};

interface Read {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

export class DocsHandlers {
  readonly #read = new Map<Text, Read>();
  readonly #document: Text;

  /** @param makeDocument called once, on the first request for the document */
  constructor(makeDocument: () => unknown) {
    this.#document = { type: "application/json", read: () => JSON.stringify(makeDocument()) };
  }

  document(routed: RoutedRequest): Answered {
    return this.#answer(this.#document, routed);
  }

  page(routed: RoutedRequest): Answered {
    return this.#answer(HTML, routed);
  }

  icon(routed: RoutedRequest): Answered {
    return this.#answer(FAVICON, routed);
  }

  errors(routed: RoutedRequest): Answered {
    return this.#answer(ERRORS, routed);
  }

  file(routed: RoutedRequest): Answered {
    const name = routed.names[0]!;
    return Object.hasOwn(FILES, name) ? this.#answer(FILES[name]!, routed) : refusal("not_found", routed.id);
  }

  #answer(text: Text, { request, id }: RoutedRequest): Answered {
    let read = this.#read.get(text);
    if (read === undefined) this.#read.set(text, read = readText(text));
    const { bytes, etag } = read;
    const headers: Record<string, string> = {
      ...headersOf(id, text.type),
      etag,
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      ...text.policy !== undefined && { "content-security-policy": text.policy },
    };
    const known = isKnown(etag, request.headers);
    if (known) delete headers["content-type"];
    if (!known) headers["content-length"] = String(bytes.length);
    const response = new Response(known ? null : sharedBody(bytes), { status: known ? 304 : 200, headers });
    return { response, code: undefined, error: undefined };
  }
}

function readText(text: Text): Read {
  const read = text.read();
  const bytes = typeof read === "string" ? new TextEncoder().encode(read) : read;
  return { bytes, etag: etagOf(bytes) };
}

/** Bytes per chunk. */
const PART = 64 * 1024;

/** A body of bytes that all answers share: a Response made from the bytes would copy them. */
function sharedBody(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at += PART));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}
