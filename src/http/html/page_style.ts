/** The style sheet of all pages of this node; the pages may not contain styles. */

/** The head of each page, before its title. */
export const PAGE_HEAD = `<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/favicon.ico">
<link rel="stylesheet" href="/docs/pages.css">`;

/** An open door, 32 pixels wide, as an icon file with one PNG. */
export const ICON: Uint8Array<ArrayBuffer> = Uint8Array.from(
  atob(
    "AAABAAEAICAAAAEAAgCjAAAAFgAAAIlQTkcNChoKAAAADUlIRFIAAAAgAAAAIAIDAAAADhSSZwAAAAxQTFRFAAAACljK/////8EHTNG4" +
      "TgAAAAF0Uk5TAEDm2GYAAABFSURBVHjaY2AMBQMHBlYII4BBFMIIYQiFAmRG1qpVK9EYS0MzoSJTYYyVFDFWv8TJoNBkGCM0aiXMX5kg" +
      "BtzL8ECABQsAY3xmVG+hqSUAAAAASUVORK5CYII=",
  ),
  (character) => character.charCodeAt(0),
);

export const STYLE = `:root {
  color-scheme: light dark;
  --ink: #1b1f24;
  --quiet: #57606a;
  --paper: #fff;
  --tint: #f3f5f8;
  --line: #d8dee4;
  --link: #0a58ca;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8eb; --quiet: #9aa4af; --paper: #14171b; --tint: #1f242a; --line: #343b43; --link: #7db3ff; }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body {
  margin: 0 auto;
  padding: 2rem 1rem 4rem;
  max-width: 46rem;
  color: var(--ink);
  background: var(--paper);
  font: 1rem/1.55 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 0.5rem; }
h2 { font-size: 1.1rem; margin: 0; }
p { margin: 0.5rem 0; }
a { color: var(--link); }
code { font: 0.92em/1.4 ui-monospace, monospace; background: var(--tint); border-radius: 4px; padding: 0.1em 0.3em; }
.quiet { color: var(--quiet); }
section, .card { border-top: 1px solid var(--line); padding: 1rem 0; }
section:target { background: var(--tint); box-shadow: 0 0 0 0.75rem var(--tint); border-top-color: transparent; }
h2 a { color: inherit; text-decoration: none; }
h2 a:hover, h2 a:focus { text-decoration: underline; }
ul { padding-left: 1.2rem; }
dl { display: flex; flex-wrap: wrap; gap: 0.75rem 2rem; margin: 0.75rem 0; }
dt { color: var(--quiet); }
dd { margin: 0; font-size: 1.4rem; font-variant-numeric: tabular-nums; }
.index { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.3rem 0.9rem; }
`;

/**
 * Additions to the style sheet of Swagger UI, which is made for wide screens: on narrow ones its tables become columns, and
 * long words are broken.
 */
export const DOCS_STYLE = `.swagger-ui { overflow-wrap: anywhere; }
.swagger-ui .info { margin: 30px 0; }
@media (max-width: 768px) {
  .swagger-ui .wrapper { padding: 0 12px; }
  .swagger-ui .scheme-container { padding: 16px 0; }
  .swagger-ui .scheme-container .schemes > label, .swagger-ui select { max-width: 100%; min-width: 0; }
  .swagger-ui .opblock-tag { flex-wrap: wrap; padding: 10px 0; }
  .swagger-ui .opblock-tag small { flex: 1 1 100%; order: 3; padding: 0; }
  .swagger-ui .opblock-tag a.nostyle { flex: 1 1 auto; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: nowrap; }
  .swagger-ui .opblock .opblock-summary-method { min-width: 66px; font-size: 12px; }
  .swagger-ui .opblock .opblock-section-header { padding: 8px 12px; flex-wrap: wrap; }
  .swagger-ui .opblock-body, .swagger-ui .table-container { padding: 12px; }
  .swagger-ui .table-container { padding: 0; }
  .swagger-ui .opblock-description-wrapper { padding: 12px; }
  .swagger-ui .responses-inner { padding: 12px; }
  .swagger-ui table, .swagger-ui tbody, .swagger-ui tr, .swagger-ui td { display: block; width: 100%; }
  .swagger-ui thead { display: none; }
  .swagger-ui table tbody tr td, .swagger-ui table tbody tr td:first-of-type { max-width: 100%; min-width: 0; padding: 6px 0; }
  .swagger-ui .response-col_description { width: 100%; }
  .swagger-ui .parameters-col_description input, .swagger-ui .parameters-col_description select,
  .swagger-ui .parameters-col_description textarea { width: 100%; max-width: 100%; }
  .swagger-ui pre, .swagger-ui pre *, .swagger-ui code { white-space: pre-wrap !important; overflow-wrap: anywhere; }
  .swagger-ui .execute-wrapper { padding: 12px; }
  .swagger-ui .copy-to-clipboard { right: 4px; }
  .swagger-ui .model-box, .swagger-ui .models { max-width: 100%; overflow-x: auto; }
}
`;
