/** What is said of this document itself, and of the page that shows it? */
import * as z from "zod";
import { name, type Operation } from "./operation.ts";

const tag = "Documentation";
const etag = { etag: { description: "Of these bytes." } };
const notModified = { description: "The client has it.", headers: etag };
const requestHeaders = { "If-None-Match": { description: "An `etag` that was answered here." } };

const Document = name(
  "Document",
  z.looseObject({ openapi: z.string(), info: z.looseObject({ title: z.string(), version: z.string() }) }),
);

/** The operations. */
export const docs: readonly Operation[] = [
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
  {
    method: "get",
    path: "/docs",
    id: "getDocsPage",
    tag,
    summary: "This document as a page",
    description: "Needs nothing from elsewhere.",
    authority: "public",
    trouble: "none",
    requestHeaders,
    answers: {
      200: { description: "The page.", type: "text/html; charset=utf-8", schema: z.string(), headers: etag },
      304: notModified,
    },
    problems: [],
  },
  {
    method: "get",
    path: "/docs/errors",
    id: "getErrorsPage",
    tag,
    summary: "What each code of a problem means",
    description: "A page with an anchor for each code: a problem's `type` leads there.",
    authority: "public",
    trouble: "none",
    requestHeaders,
    answers: {
      200: { description: "The page.", type: "text/html; charset=utf-8", schema: z.string(), headers: etag },
      304: notModified,
    },
    problems: [],
  },
  {
    method: "get",
    path: "/docs/{file}",
    id: "getDocsFile",
    tag,
    summary: "What the page is made of",
    authority: "public",
    trouble: "none",
    segments: { file: z.enum(["start.js", "pages.css", "swagger-ui.css", "swagger-ui-bundle.js"]) },
    requestHeaders,
    answers: {
      200: { description: "The file.", type: "text/*", schema: z.string(), headers: etag },
      304: notModified,
    },
    problems: ["not_found"],
  },
];
