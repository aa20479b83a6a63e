import type { LockGap } from "../host/lock-check.ts";

/** What a check found, by what it means for the stacks here. */
export interface SortedGaps {
  /** What stops a stack. */
  readonly needed: readonly LockGap[];
  /** What only a runtime needs that no stack has. */
  readonly idle: readonly LockGap[];
  /** What nobody was asked for. */
  readonly unasked: readonly LockGap[];
}

/** @param used the runtimes that stacks have */
export function sortGaps(gaps: readonly LockGap[], used: ReadonlySet<string>): SortedGaps {
  const known = gaps.filter(({ asked }) => asked !== false);
  const isNeeded = ({ runtime }: LockGap) => runtime === undefined || used.has(runtime);
  return {
    needed: known.filter(isNeeded),
    idle: known.filter((gap) => !isNeeded(gap)),
    unasked: gaps.filter(({ asked }) => asked === false),
  };
}

/** What a check found, for people. */
export function describeGaps({ needed, idle, unasked }: SortedGaps, served: boolean): string {
  const asked = unasked.length === 0 ? "" : ", as far as it was asked for";
  const fine = `Everything in the lock file that a stack here needs is pinned${served ? `, and served as it is pinned${asked}` : ""}.`;
  return [
    ...(needed.length === 0 ? [fine] : needed.map(printGap)),
    ...unasked.map(printGap),
    ...[...Map.groupBy(idle, ({ runtime }) => runtime)].map(
      ([kind, { length }]) =>
        `Not pinned and not needed by any stack here, only by runtime.kind ${kind}: ${length} things. ${idle[0]?.try}`,
    ),
  ].join("\n");
}

function printGap({ path, message, try: hint }: LockGap): string {
  return `${path}\n  ${message}\n  try   ${hint}`;
}
