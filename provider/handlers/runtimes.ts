import { z } from "zod";
import { type Judgement, runtimeKinds } from "../../host/runtimes/runtime.ts";
import type { Handler } from "../handler.ts";

export { runtimeOf } from "../../host/runtimes/runtimes.ts";

/** Which sandbox runtime a resource belongs to. */
export const runtimeKind = z.enum(runtimeKinds);

/** What a runtime thinks of its inputs, as the plugin's check tells it; nothing where a part does not judge. */
export function verdictOf({ fault, warnings = [] }: Judgement = {}): ReturnType<NonNullable<Handler["judge"]>> {
  return { failures: fault ? [{ property: fault.property, reason: fault.message }] : [], warnings };
}
