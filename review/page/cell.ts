/** A text that is shown as code. */
export interface Code {
  readonly code: string;
}

/** A piece of a cell: text or code, which are told apart by what they are, and by nothing that is in them. */
export type Piece = string | Code;

/** What stands in a place of a table. */
export type Cell = Piece | readonly Cell[];

export function asCode(text: string): Code {
  return { code: text };
}

/** Cells as one, with a text between each two of them; those that are empty are left out. */
export function between(separator: string, cells: readonly Cell[]): Cell {
  const said = cells.map(piecesOf).filter((pieces) => pieces.length > 0);
  return said.flatMap((pieces, index) => (index === 0 ? pieces : [separator, ...pieces]));
}

/** The pieces of a cell, in their order. */
export function piecesOf(cell: Cell): readonly Piece[] {
  if (typeof cell === "string") return cell === "" ? [] : [cell];
  return "code" in cell ? [cell] : cell.flatMap(piecesOf);
}
