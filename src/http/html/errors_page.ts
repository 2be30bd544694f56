/** The page that explains each problem code, with an anchor for each, made from the table of problems. */
import { PAGE_HEAD } from "./page_style.ts";
import { type ProblemCode, PROBLEMS, shownCodeOf } from "../answers/problem_table.ts";
import type { Meaning } from "../answers/actor_problems.ts";

interface Entry {
  readonly code: string;
  /** One per status. */
  readonly meanings: Meaning[];
}

function entriesOf(): Entry[] {
  const entries = new Map<string, Entry>();
  for (const key of Object.keys(PROBLEMS) as ProblemCode[]) {
    const code = shownCodeOf(key);
    const entry = entries.get(code) ?? { code, meanings: [] };
    entries.set(code, entry);
    entry.meanings.push(PROBLEMS[key]);
  }
  return [...entries.values()].toSorted((one, other) => one.code < other.code ? -1 : 1);
}

const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as HTML; text in backticks becomes code. */
function html(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character]!).replace(/`([^`]*)`/g, "<code>$1</code>");
}

function sectionOf({ code, meanings }: Entry): string {
  const heads = meanings.map(({ status, title }) => `<p><strong>${status}</strong> ${html(title)}.</p>`);
  const helps = meanings.filter(({ help }) => help !== "").map(({ help }) => `<p>${html(help)}</p>`);
  return [
    `<section id="${code}">`,
    `<h2><a href="#${code}"><code>${code}</code></a></h2>`,
    ...heads,
    ...helps,
    "</section>",
  ].join("\n");
}

/** The page, in HTML. */
export function errorsPage(): string {
  const entries = entriesOf();
  const links = entries.map(({ code }) => `<li><a href="#${code}">${code}</a></li>`);
  return `<!doctype html>
<html lang="en">
<head>
${PAGE_HEAD}
<title>Errors of the Doorbuster API</title>
</head>
<body>
<h1>Errors</h1>
<p>An error is <code>application/problem+json</code> (RFC 9457). Programs look at <code>code</code>, which stays the same;
<code>title</code> and <code>detail</code> are for people. <code>param</code> names the field of the body, parameter of the
query, or header that is at fault, if there is exactly one. <code>request_id</code> is the answer's
<code>X-Request-Id</code>. Every 503 has <code>Retry-After</code>.</p>
<p><a href="/docs">All requests</a></p>
<ul class="index">
${links.join("\n")}
</ul>
${entries.map(sectionOf).join("\n")}
</body>
</html>
`;
}
