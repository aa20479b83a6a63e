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

/** Where each line that stayed was before, by where it is: the longest common row of lines. */
function stayedAs(before: readonly string[], after: readonly string[]): ReadonlyMap<number, number> {
  const longest = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (was: number, is: number) => longest[was]?.[is] ?? 0;
  for (let was = before.length - 1; was >= 0; was--) {
    const row = longest[was] as Uint32Array;
    for (let is = after.length - 1; is >= 0; is--)
      row[is] = before[was] === after[is] ? at(was + 1, is + 1) + 1 : Math.max(at(was + 1, is), at(was, is + 1));
  }
  const stayed = new Map<number, number>();
  for (let was = 0, is = 0; was < before.length && is < after.length; ) {
    if (before[was] === after[is]) stayed.set(is++, was++);
    else if (at(was + 1, is) >= at(was, is + 1)) was++;
    else is++;
  }
  return stayed;
}
