import { readdirSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { unknownValue } from "../../review/values.ts";
import type { Planned } from "./preview-fixture.ts";

type Properties = Record<string, unknown>;
type Graph = Record<string, { inputs?: Properties; options?: { parent?: string } }>;

const goldens = new URL("../golden/", import.meta.url);

/** The cloud machines of the golden graphs, as the first preview of each shows them: what only an update brings is not known in it. */
export function newMachines(): [name: string, planned: Planned[]][] {
  return machines((inputs) => firstSeen(inputs) as Properties);
}

/** The same as they stand: what the clouds call them is known, what nobody is shown is a secret. */
export function standingMachines(): [name: string, planned: Planned[]][] {
  return machines((inputs) => hidden(inputs) as Properties).map(([name, planned]) => [
    name,
    planned.map((one) => ({ ...one, before: one.after, id: `${one.name}-id` })),
  ]);
}

function machines(seen: (inputs: Properties) => Properties): [string, Planned[]][] {
  return readdirSync(goldens)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => {
      const graph = parse(readFileSync(new URL(name, goldens), "utf8")) as Graph;
      const made = Object.entries(graph).map(([key, { inputs, options }]): Planned => {
        const [, called = "", type = ""] = /^(.*) \((.*)\)$/.exec(key) ?? [];
        const [parent, parentName] = options?.parent?.split(" ") ?? [];
        return { type, name: called, after: seen({ ...inputs }), parent, parentName };
      });
      return [name, made.filter(({ type }) => !/^nemoclaw:index:(Aws|Gcp)Machine$/.test(type))];
    });
}

// The outputs that the graphs' mocks give, and what is made of them.
const outputs = /^(machine-[a-z-]+-(id|name)|machine@.*|198\.51\.100\.9)$|machine-[a-z]+-key/;

function firstSeen(value: unknown): unknown {
  return eachText(value, (text) => (outputs.test(text) ? unknownValue : text));
}

function hidden(value: unknown): unknown {
  return eachText(value, (text) => (text.includes("private ") ? "[secret]" : text));
}

function eachText(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return value.map((one) => eachText(one, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, eachText(inner, change)]));
}
