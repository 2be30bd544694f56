/** The routes of the documentation and its pages. */
import * as z from "zod";
import { type Route, route, tagged, type Untagged } from "./route.ts";
import { name } from "../../contract/named.ts";

const etag = { etag: { description: "Validator of the content." } };
const notModified = { description: "The client already has it.", headers: etag };
const requestHeaders = { "If-None-Match": { description: "An `etag` from an earlier response." } };

const Document = name(
  "Document",
  z.looseObject({ openapi: z.string(), info: z.looseObject({ title: z.string(), version: z.string() }) }),
);

const Start = name(
  "Start",
  z.object({
    name: z.string(),
    description: z.string(),
    links: z.record(z.string(), z.string().meta({ format: "uri-reference" })).meta({
      description: "Paths by name.",
    }),
  }),
);

function page(path: string, id: string, of: "page" | "errors", summary: string, description?: string): Untagged {
  return route({
    method: "GET",
    path,
    id,
    summary,
    ...description !== undefined && { description },
    authority: "public",
    requestHeaders,
    answers: {
      200: { description: "The page.", type: "text/html; charset=utf-8", schema: z.string(), headers: etag },
      304: notModified,
    },
    ignoresOtherParameters: true,
    handle: ({ docs }, routed) => docs[of](routed),
  });
}

/** The routes. */
export const docs: readonly Route[] = tagged("Documentation", [
  route({
    method: "GET",
    path: "/",
    id: "getStart",
    summary: "Links to start from",
    description: "Links as JSON. Browsers, which accept `text/html`, get a page with the current sale.",
    authority: "public",
    answers: {
      200: {
        description: "The links.",
        schema: Start,
        headers: { vary: { description: "The response depends on `Accept`.", example: "Accept" } },
      },
    },
    ignoresOtherParameters: true,
    handle: ({ start }, routed) => start.show(routed),
  }),
  route({
    method: "GET",
    path: "/favicon.ico",
    id: "getIcon",
    summary: "The icon of the pages",
    authority: "public",
    requestHeaders,
    answers: {
      200: { description: "The icon.", type: "image/x-icon", schema: z.string(), headers: etag },
      304: notModified,
    },
    ignoresOtherParameters: true,
    handle: ({ docs }, routed) => docs.icon(routed),
  }),
  route({
    method: "GET",
    path: "/openapi.json",
    id: "getDocument",
    summary: "This document",
    authority: "public",
    requestHeaders,
    answers: { 200: { description: "OpenAPI 3.1.", schema: Document, headers: etag }, 304: notModified },
    ignoresOtherParameters: true,
    handle: ({ docs }, routed) => docs.document(routed),
  }),
  page("/docs", "getDocsPage", "page", "This document as a page", "Needs nothing from elsewhere."),
  page("/docs/", "getDocsPageBySlash", "page", "The same page"),
  page(
    "/docs/errors",
    "getErrorsPage",
    "errors",
    "What each code of a problem means",
    "A page with an anchor for each code. A problem's `type` links to it.",
  ),
  route({
    method: "GET",
    path: "/docs/:file",
    id: "getDocsFile",
    summary: "Scripts and style sheets of the pages",
    authority: "public",
    segments: { file: z.enum(["start.js", "docs.css", "pages.css", "swagger-ui.css", "swagger-ui-bundle.js"]) },
    requestHeaders,
    answers: {
      200: { description: "The file.", type: "text/*", schema: z.string(), headers: etag },
      304: notModified,
    },
    problems: ["not_found"],
    ignoresOtherParameters: true,
    handle: ({ docs }, routed) => docs.file(routed),
  }),
]);
