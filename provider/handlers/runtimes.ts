import { z } from "zod";
import { runtimeKinds } from "../../host/runtimes/runtime.ts";

export { runtimeOf } from "../../host/runtimes/runtimes.ts";

/** Which sandbox runtime a resource belongs to. */
export const runtimeKind = z.enum(runtimeKinds);
