/** What is said of this document itself, and of the page that shows it? */
import * as z from "zod";
import { type Operation } from "./operation.ts";
import { name } from "../../contract/named.ts";

const tag = "Documentation";
const etag = { etag: { description: "Of these bytes." } };
const notModified = { description: "The client has it.", headers: etag };
const requestHeaders = { "If-None-Match": { description: "An `etag` that was answered here." } };

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
      description: "Paths by what they show.",
    }),
  }),
);

function page(path: string, id: string, summary: string, description?: string): Operation {
  return {
    method: "get",
    path,
    id,
    tag,
    summary,
    ...description !== undefined && { description },
    authority: "public",
    trouble: "none",
    requestHeaders,
    answers: {
      200: { description: "The page.", type: "text/html; charset=utf-8", schema: z.string(), headers: etag },
      304: notModified,
    },
    problems: [],
  };
}

/** The operations. */
export const docs: readonly Operation[] = [
  {
    method: "get",
    path: "/",
    id: "getStart",
    tag,
    summary: "Links to start from",
    description: "Links. A browser, which asks for `text/html`, gets a page with the current sale.",
    authority: "public",
    trouble: "none",
    answers: {
      200: {
        description: "The links.",
        schema: Start,
        headers: { vary: { description: "It depends on `Accept`.", example: "Accept" } },
      },
    },
    problems: [],
  },
  {
    method: "get",
    path: "/favicon.ico",
    id: "getIcon",
    tag,
    summary: "The icon of the pages",
    authority: "public",
    trouble: "none",
    requestHeaders,
    answers: {
      200: { description: "The icon.", type: "image/x-icon", schema: z.string(), headers: etag },
      304: notModified,
    },
    problems: [],
  },
  {
    method: "get",
    path: "/openapi.json",
    id: "getDocument",
    tag,
    summary: "This document",
    authority: "public",
    trouble: "none",
    requestHeaders,
    answers: { 200: { description: "OpenAPI 3.1.", schema: Document, headers: etag }, 304: notModified },
    problems: [],
  },
  page("/docs", "getDocsPage", "This document as a page", "Needs nothing from elsewhere."),
  page("/docs/", "getDocsPageBySlash", "The same page"),
  page(
    "/docs/errors",
    "getErrorsPage",
    "What each code of a problem means",
    "A page with an anchor for each code: a problem's `type` leads there.",
  ),
  {
    method: "get",
    path: "/docs/{file}",
    id: "getDocsFile",
    tag,
    summary: "What the page is made of",
    authority: "public",
    trouble: "none",
    segments: { file: z.enum(["start.js", "docs.css", "pages.css", "swagger-ui.css", "swagger-ui-bundle.js"]) },
    requestHeaders,
    answers: {
      200: { description: "The file.", type: "text/*", schema: z.string(), headers: etag },
      304: notModified,
    },
    problems: ["not_found"],
  },
];
