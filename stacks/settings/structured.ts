/** A setting that the engine handed over, or a stack file holds, as text: what was a mapping or a list is JSON. */
export function structured(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
