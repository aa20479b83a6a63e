import type { Fact } from "../facts.ts";
import { asCode } from "./cell.ts";
import { effects } from "./effect-words.ts";
import type { Section, Table } from "./outline.ts";
import { sideBySide } from "./side-by-side.ts";
import { foldedSpaces, visibleValue } from "./visible.ts";

function factTable(facts: readonly Fact[]): Table {
  const mark = ({ effect }: Fact) => (effect === undefined ? "" : effects[effect]);
  const marked = facts.some(({ effect }) => effect !== undefined);
  return {
    head: [...(marked ? [""] : []), "What", "Before", "After", "Note"],
    rows: facts.map((one) => [
      ...(marked ? [mark(one)] : []),
      one.of === undefined ? one.what : [`${one.what} of `, asCode(one.of)],
      ...sideBySide(one.before, one.after).map((side) => (side === undefined ? "none" : asCode(side))),
      one.note ?? "",
    ]),
  };
}

/** Facts of one kind; nothing where there are none. */
export function factSection(title: string, all: readonly Fact[], open: boolean): Section | undefined {
  if (all.length === 0) return undefined;
  const gained = all.filter(({ effect }) => effect === "widens" || effect === "unclear").length;
  const only = all.length === 1 && all[0] ? inOneLine(all[0]) : `${all.length} changes`;
  // Said, not only coloured.
  const short = gained === 0 ? only : `${only}; ${gained} gained`;
  return { title, short, tone: gained > 0 ? "warn" : "plain", open, tables: [factTable(all)] };
}

// What is long is in the table, whole; and so is what has characters by their number, which a line would number again, and spaces that it
// would fold.
function inOneLine({ what: thing, of, before, after }: Fact): string {
  const what = of === undefined ? thing : `${thing} of ${visibleValue(of)}`;
  const line = sideBySide(before, after).map((side) => (side === undefined ? "none" : visibleValue(side)));
  const changes = line.some(
    (side) => side.length > mostInALine || side.includes("⟦") || side.search(foldedSpaces) >= 0,
  );
  return changes ? `${what} changes` : `${what}: ${line.join(" → ")}`;
}

const mostInALine = 160;
