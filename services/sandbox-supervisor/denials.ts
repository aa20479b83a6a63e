import { log } from "./log.ts";

const quietSeconds = 60;
const mostRemembered = 1000;

/**
 * Writes refused writes to the journal, each path once a minute at most. sandbox-runtime tells of attempts and judges them
 * itself: it takes the private /tmp, /proc and /dev for refused, which they are not, so these are left out. A hint for people,
 * not an audit: what decides is the mounts.
 */
export function createWriteDenials(now: () => number = () => performance.now()): { seen(line: string): void } {
  const last = new Map<string, number>();
  return {
    seen(line) {
      const [, call, path] = /^deny (\S+) (\/.*)$/s.exec(line) ?? [];
      if (path === undefined || /^\/(tmp|proc|dev)(\/|$)/.test(path)) return;
      const at = now();
      const before = last.get(path);
      if (before !== undefined && at - before < quietSeconds * 1000) return;
      if (last.size >= mostRemembered) last.clear();
      last.set(path, at);
      log("warn", "write-denied", { path: path.slice(0, 1024), call });
    },
  };
}
