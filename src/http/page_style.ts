/** How do this node's own pages look? One style sheet for all; the pages may have no style of their own. */

/** The style sheet. */
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
.index { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: 0.3rem 0.9rem; }
`;
