import { type Document, isCollection, isMap, isNode, isSeq, type Node, type YAMLMap, type YAMLSeq } from "yaml";
import { canonical } from "../../policies/canonical.ts";
import { isObject } from "../values.ts";

/**
 * Makes a YAML node that says what is known say what was found, and touches only what differs between the two. What the known
 * value does not have stays.
 *
 * @returns whether it could be done inside the node
 */
export function mergeInto(document: Document, node: unknown, known: unknown, found: unknown): boolean {
  if (canonical(known) === canonical(found)) return true;
  if (isMap(node) && isObject(known) && isObject(found)) {
    mergeFields(document, node, known, found);
    return true;
  }
  if (!isSeq(node) || !Array.isArray(known) || !Array.isArray(found) || node.items.length !== known.length)
    return false;
  mergeItems(document, node, { nodes: [...node.items], known, found });
  return true;
}

type Fields = Readonly<Record<string, unknown>>;

function mergeFields(document: Document, node: YAMLMap, known: Fields, found: Fields): void {
  for (const key of new Set([...Object.keys(known), ...Object.keys(found)])) {
    const [was, is] = [known[key], found[key]];
    if (is === undefined) node.delete(key);
    else if (!mergeInto(document, node.get(key, true), was, is))
      // A scalar that is set keeps its comment and its quotes.
      node.set(key, typeof is === "object" ? document.createNode(is, { flow: node.flow === true }) : is);
  }
}

interface Items {
  /** Those of the list that the known values are about, one for each. */
  readonly nodes: readonly unknown[];
  readonly known: readonly unknown[];
  readonly found: readonly unknown[];
}

/** The same for a list, some of whose items may be none of the known ones. */
export function mergeItems(document: Document, list: YAMLSeq, { nodes, known, found }: Items): void {
  const kept = new Map(aligned(known, found).map(([was, is]) => [is, was]));
  const stays = new Set([...kept.values()].map((was) => nodes[was]));
  const [top] = list.items;
  list.items = list.items.filter((item) => !nodes.includes(item) || stays.has(item));
  if (kept.get(0) !== 0 && top === list.items[0] && isNode(top)) takeComment(top, list);
  const [first] = nodes;
  const flow = isCollection(first) && first.flow === true;
  let next = 0;
  for (const [is, value] of found.entries()) {
    const was = kept.get(is);
    const node = was === undefined ? undefined : nodes[was];
    if (was === undefined || node === undefined) list.items.splice(next, 0, document.createNode(value, { flow }));
    else {
      next = list.items.indexOf(node);
      if (!mergeInto(document, node, known[was], value)) list.items[next] = document.createNode(value, { flow });
    }
    next++;
  }
}

/** What stands above the first item is read as a comment on the list, and is the item's once another one comes before it. */
function takeComment(first: Node, list: YAMLSeq): void {
  first.commentBefore ??= list.commentBefore;
  if (first.commentBefore === list.commentBefore) list.commentBefore = undefined;
}

type Pairs = [was: number, is: number][];

/** Which item of one list is which of the other, in their order: the same one, or one for the same destination. */
function aligned(known: readonly unknown[], found: readonly unknown[]): Pairs {
  const same = [...unchanged(known.map(text), found.map(text)), [known.length, found.length] as const];
  let [was, is] = [0, 0];
  const pairs: Pairs = [];
  for (const [nextWas, nextIs] of same) {
    for (; is < nextIs; is++) {
      const at = known.findIndex((one, at) => at >= was && at < nextWas && alike(one, found[is], known, found));
      if (at < 0) continue;
      pairs.push([at, is]);
      was = at + 1;
    }
    if (nextWas < known.length) pairs.push([nextWas, nextIs]);
    [was, is] = [nextWas + 1, nextIs + 1];
  }
  return pairs;
}

const text = (value: unknown) => canonical(value);

/** The longest run of items, not always side by side, that both lists have in the same order. */
function unchanged(known: readonly string[], found: readonly string[]): Pairs {
  const lengths = known.map(() => found.map(() => 0));
  const length = (was: number, is: number) => lengths[was]?.[is] ?? 0;
  for (let was = known.length - 1; was >= 0; was--)
    for (let is = found.length - 1; is >= 0; is--) {
      const row = lengths[was] as number[];
      row[is] =
        known[was] === found[is] ? 1 + length(was + 1, is + 1) : Math.max(length(was + 1, is), length(was, is + 1));
    }
  const pairs: Pairs = [];
  for (let [was, is] = [0, 0]; was < known.length && is < found.length; ) {
    if (known[was] === found[is]) pairs.push([was++, is++]);
    else if (length(was + 1, is) >= length(was, is + 1)) was++;
    else is++;
  }
  return pairs;
}

/** Whether two endpoints are for the same destination, or the only ones for their host. */
function alike(one: unknown, other: unknown, known: readonly unknown[], found: readonly unknown[]): boolean {
  if (!isObject(one) || !isObject(other) || one.host === undefined || one.host !== other.host) return false;
  const place = ({ port, ports, path }: Fields) => canonical([port ?? null, ports ?? null, path ?? null]);
  const isOnly = (all: readonly unknown[]) =>
    all.filter((item) => isObject(item) && item.host === one.host).length === 1;
  return place(one) === place(other) || (isOnly(known) && isOnly(found));
}
