import { isObject, isUntold } from "../values.ts";
import type { IsOwn } from "./own-names.ts";

/** What is known of a resource when its inputs are held against a form. */
export interface Around {
  readonly isOwn: IsOwn;
  /** Whether nothing of it stood before. */
  readonly isNew: boolean;
  /** Whether one of this project's machines is what made it. */
  readonly ofMachine: boolean;
  /** Whether it is one of this project's site commands. */
  readonly ofSite: boolean;
}

/** A part of a resource's inputs that this project's components do not give it so. */
export interface Outside {
  readonly path: string;
  readonly value: unknown;
  /** `other`: a value that they do not give; `unknown`: a property that they do not give; `fixed`: one that they never change. */
  readonly kind: "other" | "unknown" | "fixed";
}

/** What the components give a property; of a value, all that is not that. */
export type Form = (value: unknown, around: Around, path: string) => readonly Outside[];

/** Looked into by a rule, told in the settings, or nothing to anybody's access, whatever it is. */
export const any: Form = () => [];

/** A value of which that is true. */
export function holding(test: (value: unknown, around: Around) => boolean): Form {
  return (value, around, path) => (test(value, around) ? [] : [{ path, value, kind: "other" }]);
}

/** One of these values. */
export const oneOf = (...values: readonly unknown[]): Form => holding((value) => values.includes(value));

/** One of the stack's own resources, of these types. */
export const own = (types: RegExp): Form => holding((value, { isOwn }) => isOwn(types, value));

/** The same, or what a machine of the components' is given for it by its settings. */
export const ownOrSet = (types: RegExp): Form =>
  holding((value, { isOwn, ofMachine }) => ofMachine || isOwn(types, value));

/** What nobody is shown. */
export const hidden: Form = holding(isUntold);

/** What a machine of the components' gets for its first boot: there is a key in it, so nobody is shown that either. */
export const firstBoot: Form = holding((value, { ofMachine }) => ofMachine && isUntold(value));

/** Given so to what is new; a change of it is what a rule tells. */
export function whenNew(form: Form): Form {
  return (value, around, path) => (around.isNew ? form(value, around, path) : []);
}

/** Given so to what is new, and never changed. */
export function fixed(form: Form): Form {
  return (value, around, path) => (around.isNew ? form(value, around, path) : [{ path, value, kind: "fixed" }]);
}

/**
 * An object of these properties. What its provider fills in by itself is no part of it.
 *
 * @param always those that a new one has: where one is not given, a cloud takes a default of its own
 */
export function parts(known: Readonly<Record<string, Form>>, always: readonly string[] = []): Form {
  return (value, around, path) => {
    if (!isObject(value) || isUntold(value)) return [{ path, value, kind: "other" }];
    const filledIn = [value[filled] ?? []].flat();
    const given = Object.keys(value).filter(
      (key) => key !== filled && !filledIn.includes(key) && !isNothing(value[key]),
    );
    const missing = around.isNew ? always.filter((key) => isNothing(value[key])) : [];
    return [
      ...given.flatMap((key) => {
        const [inside, form] = [pathTo(path, key), Object.hasOwn(known, key) ? known[key] : undefined];
        return form
          ? form(value[key], around, inside)
          : [{ path: inside, value: value[key], kind: "unknown" as const }];
      }),
      ...missing.map((key) => ({ path: pathTo(path, key), value: undefined, kind: "other" as const })),
    ];
  };
}

/** Properties that may be anything. */
export function all(...properties: readonly string[]): Record<string, Form> {
  return Object.fromEntries(properties.map((name) => [name, any]));
}

/** A list of any length, each entry of that form. */
export function each(form: Form): Form {
  return (value, around, path) =>
    Array.isArray(value)
      ? value.flatMap((one, at) => form(one, around, `${path}[${at}]`))
      : [{ path, value, kind: "other" }];
}

/** A list with no more than one entry, of that form. */
export function onlyOne(form: Form): Form {
  return (value, around, path) => {
    if (!Array.isArray(value)) return [{ path, value, kind: "other" }];
    const more = value
      .slice(1)
      .map((one, at) => ({ path: `${path}[${at + 1}]`, value: one, kind: "unknown" as const }));
    return [...form(value[0], around, `${path}[0]`), ...more];
  };
}

/** Whether a property is as good as not given: a provider that looks at a resource writes out what is empty. */
export function isNothing(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  return Array.isArray(value) && value.length === 0;
}

/** Where a provider of a cloud notes which properties it has filled in by itself. What a program writes there it drops. */
export const filled = "__defaults";

function pathTo(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
