import { z } from "zod";
import { embedded } from "../../host/runtimes/embedded/runtime.ts";
import type { Runtime } from "../../host/runtimes/runtime.ts";

/** Which sandbox runtime a resource belongs to. */
export const runtimeKind = z.enum(["embedded"]);

/** The runtime of a kind; the rest of the plugin does not know which one it drives. */
export function runtimeOf(_kind: z.infer<typeof runtimeKind>): Runtime {
  return embedded;
}
