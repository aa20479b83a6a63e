import { isIP } from "node:net";
import { covered, isRange } from "../policies/diff/addresses.ts";
import { type Fact, listFacts } from "./facts.ts";

/** Whether a range is let in, each way it may be: also by others that hold it together. */
interface Open {
  readonly before: (range: string) => boolean;
  readonly after: (range: string) => boolean;
}

/** Facts about what a door lets in; ranges that others hold already, of the list or beside it, change nothing. */
export function rangeFacts(
  what: string,
  before: readonly string[],
  after: readonly string[],
  shown: (range: string) => string = (range) => range,
  open: Open = { before: (range) => within(range, before), after: (range) => within(range, after) },
): Fact[] {
  const named = (ranges: readonly string[]) => new Map(ranges.map((range) => [shown(range), range]));
  const [was, is] = [named(before), named(after)];
  return listFacts(what, [...was.keys()], [...is.keys()]).map((one): Fact => {
    if (isMisspelt(is.get(one.after ?? "") ?? was.get(one.before ?? "") ?? ""))
      return { ...one, effect: "unclear", note: "no range that can be read" };
    const opened = is.get(one.after ?? "");
    if (opened !== undefined)
      return open.before(opened) ? { ...one, effect: "neutral", note: "part of what was open" } : one;
    const shut = was.get(one.before ?? "");
    const stays = shut !== undefined && open.after(shut);
    return stays ? { ...one, effect: "neutral", note: "part of what stays open" } : one;
  });
}

/** Whether a range is one of others, or lies within them together. */
export function within(range: string, others: readonly string[]): boolean {
  return others.includes(range) || (isRange(range) && covered(range, others.filter(isRange)));
}

/** An address with something behind it that is no length of a prefix. */
function isMisspelt(range: string): boolean {
  return !isRange(range) && isIP(range.split("/")[0] ?? "") !== 0;
}
