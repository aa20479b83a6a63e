import { type Cell, piecesOf } from "./cell.ts";
import type { Outline, Section, Table } from "./outline.ts";
import { foldedSpaces, visible, visibleValue } from "./visible.ts";

// GitHub refuses comments above 65 536 characters.
const longest = 60_000;
// One long value, or one long list, would leave no place for the rest of a report.
const longestCell = 2000;
const longestLine = 300;
const mostRows = 200;
const tones = { bad: "🟥", warn: "🟧", good: "🟩", plain: "⬜" };

/**
 * A report as a comment on a pull request: the verdict, what needs a decision, and the rest folded. The first line is a
 * marker by which a pipeline finds the comment again to edit it.
 */
export function markdownOf({ title, headline, compared, sections, exitCode }: Outline): string {
  const head = [
    `<!-- nemoclaw-review ${title.replaceAll(/[^\w ./-]/g, "").slice(0, longestLine)} -->`,
    `## ${line(title)}`,
    "",
    `**${exitCode === 0 ? "✅" : exitCode === 4 ? "🛑" : exitCode === 3 ? "⚠️" : "ℹ️"} ${line(headline)}.** <sub>${line(compared)}</sub>`,
    "",
    ...sections
      .filter(({ tables }) => tables.length > 0)
      .map(({ title: name, short, tone }) => `- ${tones[tone]} **${harmless(name)}** ${line(short)}`),
  ];
  const parts = sections.map(section);
  let text = `${head.join("\n")}\n`;
  for (const [index, part] of parts.entries()) {
    if (text.length + part.length > longest) {
      return `${text}\n**${parts.length - index} more parts are too long for a comment; the whole is in review.html.**\n`;
    }
    text += part;
  }
  return text;
}

function section({ title, short, open, tables, note }: Section): string {
  const body = [...tables.map(table), ...(note ? [harmless(note)] : [])].join("\n\n");
  if (tables.length === 0)
    return `\n<sub>${harmless(title)}: ${line(short)}.${note ? ` ${harmless(note)}` : ""}</sub>\n`;
  if (open) return `\n### ${harmless(title)}\n\n${body}\n`;
  return `\n<details><summary><b>${harmless(title)}</b>: ${line(short)}</summary>\n\n${body}\n\n</details>\n`;
}

function table({ head, rows }: Table): string {
  const row = (cells: readonly Cell[]) => `| ${cells.map(cell).join(" | ")} |`;
  const left = rows.length - mostRows;
  return [
    ...[row(head), `|${head.map(() => "---").join("|")}|`, ...rows.slice(0, mostRows).map(row)],
    ...(left > 0 ? ["", `${left} more rows are in review.html.`] : []),
  ].join("\n");
}

function cell(whole: Cell): string {
  let left = longestCell;
  const shown = piecesOf(whole).map((piece) => {
    const text = typeof piece === "string" ? piece : piece.code;
    const part = text.slice(0, Math.max(0, left));
    left -= text.length;
    if (part === "") return "";
    return typeof piece === "string" ? harmless(part) : `<code>${entities(unfolded(visibleValue(part)))}</code>`;
  });
  const rest = left < 0 ? `… and ${-left} characters more, in review.html` : "";
  return onOneLine(`${shown.join("")}${rest}`);
}

// A comment brings no style of its own, and without one spaces beside each other are shown as one.
function unfolded(text: string): string {
  return text.replaceAll(foldedSpaces, (spaces) => "\u00a0".repeat(spaces.length));
}

// Inside <code> Markdown still reads its own marks, so each of them is an entity.
function entities(text: string): string {
  return text.replaceAll(/[&<>"'*_~`|[\]\\@#:!{}()$\u00a0]/g, (character) => `&#${character.charCodeAt(0)};`);
}

// The lines at the head are always there, whatever they are about.
function line(text: string): string {
  return harmless(text.length > longestLine ? `${text.slice(0, longestLine)}…` : text);
}

function harmless(text: string): string {
  return onOneLine(visible(text).replaceAll(/[&<>*_~`|[\]\\@#]/g, (character) => `&#${character.charCodeAt(0)};`));
}

function onOneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
