/** Whether a value has others inside, one in the other, more than so many deep; told without going as deep itself. */
export function isDeeper(value: unknown, limit: number): boolean {
  let inside = [value];
  for (let depth = 0; inside.length > 0; depth++) {
    if (depth > limit) return true;
    inside = inside.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}
