import type { Report } from "../report.ts";
import { asCode } from "./cell.ts";
import type { Section } from "./outline.ts";

const mostNamed = 3;

/** The files that have changed and that the comparison has not read. */
export function unreadSection({ unread }: Report): Section | undefined {
  if (unread.length === 0) return undefined;
  const count = unread.length === 1 ? "1 file" : `${unread.length} files`;
  const more = unread.length > mostNamed ? ", …" : "";
  return {
    title: "Not read",
    short: `${count} changed that this comparison does not read: ${unread.slice(0, mostNamed).join(", ")}${more}`,
    tone: "warn",
    open: false,
    tables: [{ head: ["File"], rows: unread.map((path) => [asCode(path)]) }],
    note: "What they say is not compared. A preview tells which resources they change, and not what a program does otherwise.",
  };
}
