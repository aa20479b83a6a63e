import { canonical } from "../../policies/canonical.ts";
import type { Fact } from "../facts.ts";
import { isObject } from "../values.ts";

/** The key beside the settings that names environments of the Pulumi Cloud, or is one itself. */
export const environment = "environment";

type Beside = Readonly<Record<string, unknown>>;

/** Another environment may set anything, and what it sets nobody here judges, so it is not comparable; also of a stack that is new. */
export function environmentFacts(was: Beside = {}, is: Beside | undefined): Fact[] {
  const [before, after] = [was[environment], is?.[environment]];
  if (is === undefined || canonical({ value: before }) === canonical({ value: after })) return [];
  const [from, to] = [before, after].map((one) => (one === undefined ? undefined : named(one)));
  const others = from === to ? ", with other values" : "";
  const note = "it may set anything, and what it sets is not judged here";
  return [{ what: environment, before: from, after: to && `${to}${others}`, effect: "unclear", note }];
}

/** By the names of what it takes in and of what it sets; its values may be secrets. */
function named(written: unknown): string {
  if (!isObject(written)) return namesOf(written);
  const { imports = [], values = {}, ...others } = written;
  const sets = [...pathsIn(values), ...Object.keys(others)];
  const parts = [namesOf(imports), sets.length > 0 ? `sets ${sets.join(", ")}` : ""];
  return parts.filter((part) => part !== "").join("; ") || "empty";
}

function namesOf(list: unknown): string {
  return [list ?? []]
    .flat()
    .map((one) => (isObject(one) ? Object.keys(one).join(", ") : String(one)))
    .join(", ");
}

function pathsIn(value: unknown, path = ""): string[] {
  // What is below fn::secret is the secret.
  if (!isObject(value) || Object.keys(value).some((key) => key.startsWith("fn::"))) return path === "" ? [] : [path];
  return Object.entries(value).flatMap(([key, inner]) => pathsIn(inner, path === "" ? key : `${path}.${key}`));
}
