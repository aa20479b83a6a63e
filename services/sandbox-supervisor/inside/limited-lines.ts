const mostAtOnce = 200;
const perSecond = 20;

/**
 * Passes lines on, but not more than whoever reads them can bear: so many at once, and so many a second for long. How many were
 * left out is said before the next one.
 */
export function limitedLines(
  pass: (line: string) => void,
  now: () => number = () => performance.now(),
): (line: string) => void {
  let room = mostAtOnce;
  let last = now();
  let leftOut = 0;
  return (line) => {
    const at = now();
    room = Math.min(mostAtOnce, room + ((at - last) / 1000) * perSecond);
    last = at;
    if (room < 1) {
      leftOut += 1;
      return;
    }
    room -= 1;
    if (leftOut > 0) pass(`(lines left out: ${leftOut})`);
    leftOut = 0;
    pass(line);
  };
}
