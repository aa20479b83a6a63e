import { isIP } from "node:net";
import { covered, isRange } from "../policies/diff/addresses.ts";
import { type Fact, listFacts } from "./facts.ts";

/** What a wider door of the same kind lets in, too. */
export interface Wider {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** Facts about what a door lets in; ranges that others of the list, or of a wider door, hold already change nothing. */
export function rangeFacts(
  what: string,
  before: readonly string[],
  after: readonly string[],
  shown: (range: string) => string = (range) => range,
  wider: Wider = { before, after },
): Fact[] {
  const named = (ranges: readonly string[]) => new Map(ranges.map((range) => [shown(range), range]));
  const [was, is] = [named(before), named(after)];
  return listFacts(what, [...was.keys()], [...is.keys()]).map((one): Fact => {
    if (isMisspelt(is.get(one.after ?? "") ?? was.get(one.before ?? "") ?? ""))
      return { ...one, effect: "unclear", note: "no range that can be read" };
    const opened = is.get(one.after ?? "");
    if (opened !== undefined)
      return within(opened, wider.before) ? { ...one, effect: "neutral", note: "part of what was open" } : one;
    const shut = was.get(one.before ?? "");
    const stays = shut !== undefined && within(shut, wider.after);
    return stays ? { ...one, effect: "neutral", note: "part of what stays open" } : one;
  });
}

function within(range: string, others: readonly string[]): boolean {
  return others.includes(range) || (isRange(range) && covered(range, others.filter(isRange)));
}

/** An address with something behind it that is no length of a prefix. */
function isMisspelt(range: string): boolean {
  return !isRange(range) && isIP(range.split("/")[0] ?? "") !== 0;
}
