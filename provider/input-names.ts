import type { AnyHandler } from "./handler.ts";

/** What of a resource can be configured; what else its state has was only observed. */
export function inputNames(handler: AnyHandler): Set<string> {
  const shape = (handler.inputs as unknown as { shape?: Record<string, unknown> }).shape;
  if (!shape) throw new Error(`${handler.type}: inputs must be a zod object`);
  return new Set(Object.keys(shape));
}
