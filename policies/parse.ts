import type { z } from "zod";
import { nearest } from "./nearest.ts";

/** A fault before it has a file and a line: where in the value, what, what to write instead. */
export interface ValueFault {
  readonly keys: readonly PropertyKey[];
  readonly message: string;
  readonly instead?: string;
  /** The key itself is wrong, not its value. */
  readonly atKey?: boolean;
}

/** Checks a value against a schema and words everything that is wrong with it for people, all at once. */
export function parse<S extends z.ZodType>(
  schema: S,
  value: unknown,
): { value: z.output<S>; faults?: undefined } | { faults: ValueFault[] } {
  const result = schema.safeParse(value, { error: knownKeys });
  if (result.success) return { value: result.data };
  return { faults: result.error.issues.flatMap((issue) => faultsOf(issue, value)) };
}

// An issue about unknown keys does not say which ones are known; its message is the only thing that a schema can fill in.
function knownKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys") return undefined;
  const { shape } = (issue.inst as z.ZodObject | undefined)?.def ?? {};
  return Object.keys(shape ?? {}).join(" ");
}

function faultsOf(issue: z.core.$ZodIssue, whole: unknown): ValueFault[] {
  const keys = issue.path;
  const given = keys.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], whole);
  switch (issue.code) {
    case "unrecognized_keys": {
      const known = issue.message.split(" ");
      return issue.keys.map((key) => unknownKey([...keys, key], key, known));
    }
    case "invalid_type":
      return [wrong(keys, given, kinds[issue.expected] ?? issue.expected)];
    case "invalid_value":
      return [notOneOf(keys, given, issue.values.map(String))];
    case "invalid_union":
      return unionFaults(issue, given, whole);
    case "too_small":
    case "too_big":
      return [{ keys, ...outOfRange(issue, given) }];
    case "invalid_key": {
      const own = issue.issues.filter(({ code }) => code === "custom");
      if (own.length > 0) {
        return own
          .flatMap((inner) => faultsOf({ ...inner, path: keys }, whole))
          .map((one) => ({ ...one, atKey: true }));
      }
      return [
        { keys, message: `${shown(keys.at(-1))} is not a possible name`, instead: "a name of at least one character" },
      ];
    }
    case "custom": {
      const instead = issue.params?.instead;
      return [{ keys, message: issue.message, instead: typeof instead === "string" ? instead : undefined }];
    }
    default: {
      const [, expected] = /^expected (.+)$/.exec(issue.message) ?? [];
      return [{ keys, message: `${shown(given)}: ${issue.message}`, instead: expected }];
    }
  }
}

const kinds: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function unknownKey(keys: readonly PropertyKey[], key: string, known: readonly string[]): ValueFault {
  const near = nearest(key, known);
  const message = `${JSON.stringify(key)} is not known here`;
  if (near !== undefined) return { keys, atKey: true, message, instead: near };
  return {
    keys,
    atKey: true,
    message: `${message}; known are ${known.join(", ")}`,
    instead: "one of these, or nothing",
  };
}

function wrong(keys: readonly PropertyKey[], given: unknown, expected: string): ValueFault {
  const name = String(keys.at(-1) ?? "it");
  if (given === undefined) return { keys, message: `${name} is missing; expected ${expected}`, instead: `${name}: …` };
  return {
    keys,
    message: `${shown(given)} is ${kindOf(given)}; expected ${expected}`,
    instead: inside(given, expected),
  };
}

// The two slips that YAML makes easy: quotes around a number, and a single thing where a list belongs.
function inside(given: unknown, expected: string): string {
  if (expected === "a list" && typeof given === "string") return `[${given}]`;
  if (expected === "text") return JSON.stringify(String(given));
  if (expected.endsWith("number") && typeof given === "string" && /^\d+$/.test(given))
    return `${given}, without quotes`;
  if (expected === "true or false" && typeof given === "string" && /^(yes|on|no|off)$/i.test(given)) {
    return /^(yes|on)$/i.test(given) ? "true" : "false";
  }
  return expected;
}

function notOneOf(keys: readonly PropertyKey[], given: unknown, values: readonly string[]): ValueFault {
  const one = values.length === 1 ? `${values[0]}` : `one of ${values.join(", ")}`;
  const expected = `expected ${one}`;
  if (given === undefined) {
    const name = String(keys.at(-1) ?? "it");
    return { keys, message: `${name} is missing; ${expected}`, instead: `${name}: ${values[0]}` };
  }
  return {
    keys,
    message: `${shown(given)} is not possible; ${expected}`,
    instead: nearest(String(given), values) ?? one,
  };
}

function unionFaults(issue: z.core.$ZodIssueInvalidUnion, given: unknown, whole: unknown): ValueFault[] {
  if ("options" in issue && Array.isArray(issue.options)) {
    return [notOneOf(issue.path, given, issue.options.map(String))];
  }
  // The branch that was meant is the one that got past the kind of value.
  const meant = issue.errors.find((branch) =>
    branch.every((inner) => inner.path.length > 0 || !["invalid_type", "invalid_value"].includes(inner.code)),
  );
  if (meant === undefined || meant.length === 0) {
    return [
      {
        keys: issue.path,
        message: `${shown(given)}: ${issue.message}`,
        instead: issue.message.replace(/^expected /, ""),
      },
    ];
  }
  return meant.flatMap((inner) => faultsOf({ ...inner, path: [...issue.path, ...inner.path] }, whole));
}

function outOfRange(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, given: unknown) {
  const limit = issue.code === "too_small" ? issue.minimum : issue.maximum;
  const side = issue.code === "too_small" ? "at least" : "at most";
  if (issue.origin === "array") {
    return limit === 1 && issue.code === "too_small"
      ? { message: "the list is empty", instead: "at least one entry, or leave it out" }
      : { message: `the list has ${(given as unknown[]).length} entries`, instead: `${side} ${limit}` };
  }
  if (issue.origin === "string") return { message: "the text is empty", instead: "some text, or leave it out" };
  return { message: `${shown(given)} is not possible; expected ${side} ${limit}`, instead: `${limit}` };
}

function kindOf(value: unknown): string {
  if (value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  return { string: "text", number: "a number", boolean: "true or false" }[typeof value as string] ?? "a mapping";
}

// Shortened, because a policy pasted into the wrong place is long.
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
