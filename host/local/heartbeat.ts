/** Told what is being done, one line at a time. */
export type Log = (message: string) => void;

/**
 * Runs something slow and says every few seconds that it is still going, with the last thing it said, so that nobody
 * looks at a silent screen.
 *
 * @example
 * await withHeartbeat("building the base image", log, (said) => build({ onLine: said }));
 */
export async function withHeartbeat<T>(
  what: string,
  log: Log,
  work: (said: (line: string) => void) => Promise<T>,
  everySeconds = 8,
): Promise<T> {
  const start = performance.now();
  const elapsed = () => `${Math.round((performance.now() - start) / 1000)} s`;
  let last = "";
  const timer = setInterval(() => log(`${what}: ${elapsed()}${last ? `, ${last}` : ""}`), everySeconds * 1000);
  try {
    const result = await work((line) => {
      last = line.trim().slice(0, 100);
    });
    log(`${what}: done in ${elapsed()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
