import { Html } from "./html-template.ts";

/** The page's style: both colour schemes with at least 4.5:1 between text and ground, and a phone's width. */
export const style = new Html(`
:root { color-scheme: light dark; --ground: #fff; --text: #1c2128; --dim: #57606a; --line: #d0d7de; --card: #f6f8fa;
  --bad: #b42318; --warn: #8a4b00; --good: #1a6e34; --plain: #0a58ba; --code: #eaeef2; }
@media (prefers-color-scheme: dark) { :root { --ground: #0f1419; --text: #e6edf3; --dim: #9aa6b2; --line: #39424d; --card: #182028;
  --bad: #ff8a80; --warn: #f0b35a; --good: #6fd08c; --plain: #7ab7ff; --code: #26303a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
a { color: var(--plain); } a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 3px solid var(--plain); outline-offset: 2px; }
.skip { position: absolute; left: -100rem; } .skip:focus { left: 1rem; top: .5rem; background: var(--ground); padding: .5rem; }
.bad { --tone: var(--bad); } .warn { --tone: var(--warn); } .good { --tone: var(--good); } .plain { --tone: var(--plain); }
header { border-left: .5rem solid var(--tone); padding: .25rem 1rem; }
header h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; color: var(--tone); }
header p { margin: .25rem 0; color: var(--dim); } .kicker { font-weight: 600; }
nav ul { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .25rem; }
nav li { border-left: .25rem solid var(--tone); padding-left: .75rem; overflow-wrap: anywhere; } nav span { color: var(--dim); }
section { border: 1px solid var(--line); border-left: .25rem solid var(--tone); border-radius: .5rem; margin: 1rem 0; background: var(--card); }
section h2 { margin: 0; padding: .75rem 1rem 0; font-size: 1.1rem; }
summary { cursor: pointer; padding: .25rem 1rem .75rem; overflow-wrap: anywhere; color: var(--dim); }
.scroll { overflow-x: auto; border-top: 1px solid var(--line); } section p { margin: .75rem 1rem; color: var(--dim); }
table { border-collapse: collapse; width: 100%; font-size: .925rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem 1rem; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 600; } tbody th { color: inherit; font-weight: inherit; }
td:first-child, tbody th:first-child { white-space: nowrap; } tbody tr:last-child > * { border-bottom: 0; }
code { background: var(--code); border-radius: .25rem; padding: .05rem .3rem; font: .9em ui-monospace, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
td:first-child code, tbody th:first-child code { white-space: pre; }
.gains td:first-child { color: var(--warn); font-weight: 600; } .loses td:first-child { color: var(--good); font-weight: 600; }
.gone td:first-child { color: var(--bad); font-weight: 700; }
.unseen { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
footer { color: var(--dim); font-size: .875rem; margin: 2rem 0 1rem; }
@media (max-width: 40rem) {
  body { padding: .5rem; } thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody, tr, td, tbody th { display: block; } tr { padding: .5rem 1rem; border-bottom: 1px solid var(--line); }
  td, tbody th { border: 0; padding: .1rem 0; overflow-wrap: anywhere; } td:first-child, tbody th:first-child { white-space: normal; } td:first-child code, tbody th:first-child code { white-space: pre-wrap; } td.none { display: none; }
  [data-label]:not([data-label=""])::before { content: attr(data-label) ": "; color: var(--dim); } tr:last-child { border-bottom: 0; }
}
@media print { details::details-content { content-visibility: visible; } }
`);
