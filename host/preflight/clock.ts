import type { Question } from "../question.ts";
import type { Say } from "./verdict.ts";

const mostSeconds = 90;

/**
 * Seconds the machine's clock is ahead of this computer's; negative when it is behind.
 *
 * @param now of this computer, in milliseconds
 */
export function clockAhead(now: number): Question<number> {
  return {
    script: `echo $(($(date +%s) - ${Math.round(now / 1000)}))`,
    parse: ({ stdout }) => Number(stdout.trim()) || 0,
  };
}

/** Whether both clocks say the same, within what certificates and tokens bear. */
export function judgeClock(ahead: number, { lacks }: Say): void {
  if (Math.abs(ahead) <= mostSeconds) return;
  const by = `${Math.abs(ahead)} s ${ahead > 0 ? "ahead of" : "behind"}`;
  lacks(
    "clock",
    `its clock is ${by} this computer's`,
    "timedatectl set-ntp true on the one that is wrong; certificates and tokens depend on it",
  );
}
