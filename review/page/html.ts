import { type Cell, piecesOf } from "./cell.ts";
import { style } from "./html-style.ts";
import { escaped, type Html, html } from "./html-template.ts";
import type { Outline, Section, Table } from "./outline.ts";
import { visibleValue } from "./visible.ts";

/** A report as one page without scripts or anything loaded from elsewhere. */
export function htmlOf({ title, headline, compared, sections, exitCode }: Outline): string {
  const id = (index: number) => `part-${index + 1}`;
  const shown = sections.map((section, index) => ({ section, id: id(index) }));
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${headline}: ${title}</title>
<style>${style}</style>
</head>
<body>
<a class="skip" href="#parts">Skip to the details</a>
<header class="${verdicts[exitCode] ?? "plain"}">
<p class="kicker">${title}</p>
<h1>${headline}</h1>
<p class="compared">${compared}</p>
</header>
<nav aria-label="Summary">
<ul>
${shown.map(
  ({ section: { title: name, short, tone }, id: target }) =>
    html`<li class="${tone}"><a href="#${target}">${name}</a> <span>${short}</span></li>
`,
)}</ul>
</nav>
<main id="parts" tabindex="-1">
${shown.map(({ section, id: own }) => part(section, own))}</main>
<footer>Made by scripts/review. Values of secrets are never read. What cannot be compared counts as gained.</footer>
</body>
</html>
`;
  return page.text;
}

const verdicts: Record<number, string> = { 0: "good", 2: "plain", 3: "warn", 4: "bad" };

// The heading is not inside what folds: a screen reader would hold it for a button, and say nothing when it is pressed.
function part({ title, short, open, tone, tables, note }: Section, id: string): Html {
  if (tables.length === 0) {
    return html`<section id="${id}" class="${tone}" aria-labelledby="${id}-title">
<p><strong id="${id}-title">${title}</strong>: ${short}. ${note}</p>
</section>
`;
  }
  return html`<section id="${id}" class="${tone}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
<details${open ? html` open` : ""}>
<summary>${short}</summary>
${tables.map((one) => table(one, one.name ? `${title}: ${one.name}` : title))}${
  note
    ? html`<p>${note}</p>
`
    : ""
}</details>
</section>
`;
}

// The roles stay where a phone's style takes the table's own away. A wide table scrolls by itself, and can be reached and scrolled by keyboard. On a phone each row is a card with its labels.
function table({ head, rows }: Table, title: string): Html {
  const named = head.length === 1 ? -1 : head.findIndex((name) => name !== "");
  const cellOf = (shown: Cell, index: number) => {
    const rest = html` data-label="${head[index]}"${piecesOf(shown).length === 0 ? html` class="none"` : ""}`;
    return index === named
      ? html`<th scope="row" role="rowheader"${rest}>${cell(shown)}</th>`
      : html`<td role="cell"${rest}>${cell(shown)}</td>`;
  };
  return html`<div class="scroll" role="group" aria-label="${title}" tabindex="0">
<table role="table">
<caption class="unseen">${title}</caption>
<thead role="rowgroup"><tr role="row">${head.map((name) => html`<th scope="col" role="columnheader">${name === "" ? html`<span class="unseen">Effect</span>` : name}</th>`)}</tr></thead>
<tbody role="rowgroup">
${rows.map(
  (row) =>
    html`<tr role="row" class="${effectOf(row)}">${row.map(cellOf)}</tr>
`,
)}</tbody>
</table>
</div>
`;
}

function effectOf([first = ""]: readonly Cell[]): string {
  if (typeof first !== "string") return "";
  if (/^(\+|\?)/.test(first)) return "gains";
  if (/^−/.test(first)) return "loses";
  return /^(IS |BROKEN)/.test(first) ? "gone" : "";
}

function cell(shown: Cell): Html[] {
  return piecesOf(shown).map((piece) =>
    typeof piece === "string" ? html`${piece}` : html`<code>${escaped(visibleValue(piece.code))}</code>`,
  );
}
