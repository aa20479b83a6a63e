import type { Pins } from "../../stacks/settings/pins.ts";

/** A lock file that pins an agent, and what else is in `artifacts` and `images`. */
export function somePins(more: Partial<Pins> = {}): Pins {
  return { agent: "2026.9.6", artifacts: {}, images: {}, ...more };
}
