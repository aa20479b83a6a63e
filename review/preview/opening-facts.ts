import type { Fact } from "../facts.ts";
import { rangeFacts, within } from "../range-facts.ts";
import type { Opening } from "./openings.ts";
import { portParts, portsHold } from "./ports.ts";

/** What else lets the same through, before and after. */
interface Beside {
  readonly before: readonly Opening[];
  readonly after: readonly Opening[];
}

/** What is new and what is gone of what a door lets through, and whether that is any more, or any less, than all of it together did. */
export function openingFacts(
  what: string,
  before: readonly Opening[],
  after: readonly Opening[],
  beside: Beside = { before: [], after: [] },
): Fact[] {
  const ports = new Map([...before, ...after].map((opening) => [opening.ports.shown, opening.ports]));
  return [...ports.values()].flatMap((port) => {
    const exactly = (all: readonly Opening[]) => ranges(all.filter((one) => one.ports.shown === port.shown));
    const open = (all: readonly Opening[]) => (range: string) => isOpen({ range, ports: port }, all);
    return rangeFacts(what, exactly(before), exactly(after), (range) => `${range} to ${port.shown}`, {
      before: open([...before, ...beside.before]),
      after: open([...after, ...beside.after]),
    });
  });
}

/** Whether others let all of it through, each of them some of the ports or of the addresses. */
export function isOpen({ range, ports }: Opening, others: readonly Opening[]): boolean {
  const parts = portParts(
    ports,
    others.map((one) => one.ports),
  );
  return parts.every((part) => within(range, ranges(others.filter((one) => portsHold(one.ports, part)))));
}

function ranges(openings: readonly Opening[]): string[] {
  return openings.map(({ range }) => range);
}
