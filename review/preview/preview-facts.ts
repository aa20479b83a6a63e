import { type Fact, fact } from "../facts.ts";
import { isObject, shown, valueChanges } from "../values.ts";
import { isMachine } from "./losses.ts";
import type { ResourceChange } from "./resource-changes.ts";
import { factsOfEach, type Whose } from "./whose.ts";

/** Model and provider, as the changes of a preview have them. */
export function modelFacts(changes: readonly ResourceChange[], whose: Whose): Fact[] {
  return factsOfEach(changes, /:InferenceRoute$/, whose, (before, after) => [
    ...fact("model", shown(before?.model), shown(after?.model)),
    ...fact("sent to", shown(before?.baseUrl), shown(after?.baseUrl), {
      effect: after === undefined ? "narrows" : "widens",
      note: "what the agent writes goes there",
    }),
  ]);
}

/** What an hour of a machine size costs, roughly: `up to $5 an hour`; undefined of one that is not known. */
export type PriceOf = (machineType: string) => string | undefined;

/** The note on a machine size that changes. */
export function priceNote(before: string | undefined, after: string | undefined, priceOf: PriceOf): string | undefined {
  const [was, is] = [before, after].map((type) => (type === undefined ? undefined : priceOf(type)));
  if (before === undefined || after === undefined) return is ?? was;
  if (was === undefined && is === undefined) return "another price";
  return was === is ? `${is}, as before` : `${was ?? "a price not known here"}, then ${is ?? "one not known here"}`;
}

/** Versions, sizes and images. */
export function versionFacts(changes: readonly ResourceChange[], priceOf: PriceOf, whose: Whose): Fact[] {
  return [
    ...factsOfEach(changes, /^nemoclaw:host:Sandbox$/, whose, (before, after) => [
      ...fact("agent", version(before?.agent), version(after?.agent)),
      ...fact("sandbox image", shown(before?.image), shown(after?.image)),
      ...limits(before?.limits, after?.limits),
    ]),
    ...factsOfEach(changes, /^nemoclaw:host:SandboxRuntime$/, whose, (before, after) => {
      const [was, is] = [before?.versions, after?.versions].map((one) => (isObject(one) ? one : {}));
      return Object.keys({ ...was, ...is }).flatMap((name) => fact(name, shown(was?.[name]), shown(is?.[name])));
    }),
    ...changes
      .filter(({ type }) => isMachine(type))
      .flatMap(({ urn, before, after }) =>
        ["instanceType", "machineType", "ami", "image", "bootDisk", "memory"]
          .flatMap((key) => sized(key, shown(before?.inputs?.[key]), shown(after?.inputs?.[key]), priceOf))
          .map((one) => ({ ...one, ...whose(urn) })),
      ),
    ...changes.flatMap(({ urn, label, values, operation, madeAnew }) =>
      operation === "update" && values.some(({ path }) => path === "definition")
        ? [
            {
              what: label,
              note: madeAnew ? made : "its service is set up anew: its program or its settings have changed",
              ...whose(urn),
            },
          ]
        : [],
    ),
  ];
}

const made = "it is made anew: its image, its programs or what else is fixed when OpenShell makes it has changed";

function sized(key: string, before: string | undefined, after: string | undefined, priceOf: PriceOf): Fact[] {
  const note = /Type$/.test(key) ? priceNote(before, after, priceOf) : undefined;
  return fact(machineWords[key] ?? key, before, after, { note });
}

const machineWords: Record<string, string> = {
  instanceType: "machine size",
  machineType: "machine size",
  ami: "machine image",
  image: "machine image",
  bootDisk: "boot disk",
  memory: "machine memory",
};

function version(agent: unknown): string | undefined {
  return isObject(agent) ? shown(agent.version) : undefined;
}

function limits(before: unknown, after: unknown): Fact[] {
  if (!isObject(before) || !isObject(after)) return [];
  return valueChanges(before, after).map(({ path, before: was, after: is }) => ({
    what: `limit on ${path}`,
    before: shown(was),
    after: shown(is),
  }));
}
