import { embedded } from "./embedded/runtime.ts";
import { openshell } from "./openshell/runtime.ts";
import type { Runtime, RuntimeKind } from "./runtime.ts";

/** The runtime of a kind; the rest of the package does not know which one it drives. */
export function runtimeOf(kind: RuntimeKind): Runtime {
  return { embedded, openshell }[kind];
}
