import { diffArrays } from "diff";

/**
 * Does work on a text that has nothing but line feeds, and gives each line that is still there the end it had; a new one gets the end
 * that most lines have.
 */
export function withOwnLineEnds(text: string, work: (text: string) => string): string {
  const lines = text.split("\n");
  const isReturned = (line: string | undefined) => line?.endsWith("\r") === true;
  const returned = lines.filter(isReturned).length;
  if (returned === 0) return work(text);
  const plain = lines.map((line) => (isReturned(line) ? line.slice(0, -1) : line));
  const after = work(plain.join("\n")).split("\n");
  const usual = returned * 2 >= lines.length;
  const stayed = stayedAs(plain, after);
  const ended = after.slice(0, -1).map((line, at) => {
    const was = stayed.get(at);
    // What stands behind the last line feed had no end.
    const hadReturn = was === undefined || was === lines.length - 1 ? usual : isReturned(lines[was]);
    return hadReturn ? `${line}\r` : line;
  });
  return [...ended, after.at(-1)].join("\n");
}

/** Where each line that stayed was before, by where it is. */
function stayedAs(before: readonly string[], after: readonly string[]): ReadonlyMap<number, number> {
  const stayed = new Map<number, number>();
  let [was, is] = [0, 0];
  for (const { added, removed, count } of diffArrays([...before], [...after])) {
    for (let n = 0; n < count && !added && !removed; n++) stayed.set(is + n, was + n);
    if (!added) was += count;
    if (!removed) is += count;
  }
  return stayed;
}
