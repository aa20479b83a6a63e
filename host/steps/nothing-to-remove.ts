import type { Step } from "../step.ts";

/** For a resource whose deletion leaves the machine as it is, because others may use what it stood for. */
export function nothingToRemove(name: string): Step<Record<string, never>> {
  return { name: `${name} stays`, facts: {}, plan: () => [] };
}
