import { type Document, isAlias, isCollection, isMap, LineCounter, type Node, parseDocument } from "yaml";
import { type Fault, printFault } from "./fault.ts";
import { parse, type ValueFault } from "./parse.ts";
import { type Policy, policySchema } from "./policy.ts";
import { propertyPath } from "./property-path.ts";
import { isOfUnkeptName, unkeptNames } from "./unkept-names.ts";

/** A policy that cannot be taken, with everything that is wrong with it. */
export class PolicyError extends Error {
  readonly issues: readonly Fault[];

  constructor(issues: readonly Fault[]) {
    super(issues.map(printFault).join("\n"));
    this.name = "PolicyError";
    this.issues = issues;
  }
}

/** A policy that was read, and where its parts stand in the file. */
export interface ReadPolicy {
  readonly policy: Policy;
  /** Line and column of a part, or of the nearest part above it that is there. */
  place(keys: readonly PropertyKey[]): Place;
}

/** Both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Reads a policy file.
 *
 * @param file how to name the file in errors
 * @throws PolicyError with every fault, each with its line
 */
export function readPolicy(text: string, file: string): ReadPolicy {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [broken, value] = plainValue(document);
  if (broken.length > 0) {
    throw new PolicyError(
      broken.map(({ message, offset, instead }) => ({ path: "", message, instead, file, ...placeOf(lines, offset) })),
    );
  }

  const place = (keys: readonly PropertyKey[], atKey = false): Place =>
    placeOf(lines, offsetOf(document, keys, atKey) ?? 0);
  const result = parse(policySchema, value ?? {});
  const unkept = unkeptNames(value);
  if (result.faults === undefined && unkept.length === 0) return { policy: result.value, place };
  const others = (result.faults ?? []).filter((fault) => !isOfUnkeptName(fault));
  throw new PolicyError([...others, ...unkept].map((fault) => locate(fault, file, place)).sort(byPlace));
}

interface Broken {
  readonly message: string;
  readonly offset: number;
  readonly instead: string;
}

function plainValue(document: Document.Parsed): [Broken[], unknown] {
  const broken = document.errors.map(({ message, code, pos }) => ({
    message: `not YAML: ${message}`,
    offset: pos[0],
    instead: code === "DUPLICATE_KEY" ? "each key once" : "look at the indentation and quotes here and just above",
  }));
  if (broken.length > 0) return [broken, undefined];
  try {
    return [[], document.toJS()];
  } catch (error) {
    const message = `not YAML: ${(error as Error).message}`;
    return [[{ message, offset: 0, instead: "the thing itself in place of the alias" }], undefined];
  }
}

function locate(
  { keys, message, instead, atKey }: ValueFault,
  file: string,
  place: (keys: readonly PropertyKey[], atKey?: boolean) => Place,
): Fault {
  return { path: propertyPath(keys), message, instead, file, ...place(keys, atKey) };
}

function byPlace(a: Fault, b: Fault): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function placeOf(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function offsetOf(document: Document.Parsed, keys: readonly PropertyKey[], atKey: boolean): number | undefined {
  let node: Node | null | undefined = document.contents;
  let offset = start(node);
  for (const [depth, key] of keys.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isCollection(node)) return offset;
    if (isMap(node)) {
      const pair = node.items.find((item) => String((item.key as { value?: unknown } | null)?.value) === String(key));
      if (pair === undefined) return offset;
      const last = depth === keys.length - 1;
      offset =
        start(last && atKey ? (pair.key as Node) : ((pair.value as Node | null) ?? (pair.key as Node))) ?? offset;
      node = pair.value as Node | null;
    } else {
      node = node.get(key, true) as Node | undefined;
      offset = start(node) ?? offset;
    }
  }
  return offset;
}

function start(node: Node | null | undefined): number | undefined {
  return node?.range?.[0];
}
