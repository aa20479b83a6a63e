import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { awsMachineTypes } from "../components/machine/gpu-table-aws.ts";
import { attachableGpus, gcpMachineTypes } from "../components/machine/gpu-table-gcp.ts";
import { type MachineTypes, notInPrice } from "../components/machine/machine-types.ts";
import { secretShapes, setCommand } from "../stacks/settings/secrets.ts";
import { type SettingSchema, settingsSchema } from "../stacks/settings/settings-schema.ts";

/** Where the page is kept. */
export const referencePath = fileURLToPath(new URL("../docs/configuration.md", import.meta.url));

interface Setting {
  readonly path: string;
  readonly schema: SettingSchema;
  readonly required: boolean;
}

/** Every setting with a value of its own, and the kinds of each section on the way. Used by the test that nothing is left unexplained. */
export function* settingsOf(path: string, schema: SettingSchema, required = false): Iterable<Setting> {
  const kinds = schema.oneOf;
  if (kinds) {
    if (schema.description) yield { path, schema: { ...schema, type: "kinds" }, required };
    for (const kind of kinds) {
      const name = String(kind.properties?.kind?.const);
      yield { path: `${path}.kind: ${name}`, schema: { ...kind, type: "kind" }, required };
      yield* inside(path, kind);
    }
    return;
  }
  if (schema.properties && schema.description === undefined) return yield* inside(path, schema);
  yield { path, schema, required };
  if (schema.properties) yield* inside(path, schema);
  if (schema.items?.properties) yield* inside(`${path}[]`, schema.items);
}

function* inside(path: string, { properties = {}, required = [] }: SettingSchema): Iterable<Setting> {
  for (const [name, schema] of Object.entries(properties)) {
    if (name === "kind" || schema.hidden) continue;
    yield* settingsOf(`${path}.${name}`, schema, required.includes(name));
  }
}

/** Every setting of every section. */
export function allSettings(): Map<string, Setting[]> {
  const { properties = {} } = settingsSchema();
  return new Map(Object.entries(properties).map(([name, schema]) => [name, [...settingsOf(name, schema)]]));
}

/** The reference page, made from the schema that reads the settings. */
export function configurationReference(): string {
  const parts = [...allSettings()].map(([name, settings]) => `## ${name}\n\n${sectionText(settings)}`);
  return [
    "# Configuration",
    "Made by `node scripts/configuration-reference.ts` from the schema that reads the settings; do not edit it. A stack's settings\nstand in `stacks/Pulumi.<stack>.yaml` under `config:`, each section as `nemoclaw:<section>`. `stacks/examples/` has a commented\nfile for each kind of machine. What is not known or not possible is refused at preview, all of it at once, with what to write\ninstead. **Bold** settings have no default and must be there.",
    ...parts,
    `## Secrets\n\nEach is a top-level key of its own and kept encrypted.\n\n${secretsText()}`,
    `## Machine types\n\nWhat this project knows; prices are classes for one hour on demand, for comparison only. Another type is taken with\n\`accept: [unlisted-type]\`.\n\n### AWS\n\n${tableText(awsMachineTypes)}\n\n### Google Cloud\n\n${tableText(gcpMachineTypes)}\n\nAn n1 type takes ${attachableGpus.map(({ model, counts }) => `${counts.join(", ")} × ${model}`).join("; ")}.`,
    "",
  ]
    .join("\n\n")
    .replace(/\n+$/, "\n");
}

function sectionText(settings: readonly Setting[]): string {
  const blocks: string[] = [];
  let rows: string[] = [];
  const flush = () => {
    if (rows.length > 0) blocks.push(["| setting | value | default | |", "|---|---|---|---|", ...rows].join("\n"));
    rows = [];
  };
  for (const { path, schema, required } of settings) {
    const about = (schema.description ?? "").replaceAll("|", "\\|");
    if (schema.type === "kind" && path.split(".").length === 2) {
      flush();
      blocks.push(`### ${path.replace(/^.*kind: /, "kind: ")}${about && `\n\n${about}`}`);
    } else {
      const shown = required ? `**${path}**` : path;
      const nested = schema.type === "kind" || schema.type === "kinds";
      rows.push(`| ${shown} | ${nested ? "" : valueText(schema)} | ${defaultText(schema)} | ${about} |`);
    }
  }
  flush();
  return blocks.join("\n\n");
}

function valueText(schema: SettingSchema): string {
  const some = schema.oneOf ?? schema.anyOf;
  if (some) return some.map(valueText).join(" or ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${value}\``).join(", ");
  if (schema.type === "array") return `list of ${schema.items ? valueText(schema.items) : "anything"}`;
  if (schema.properties) return `{ ${Object.keys(schema.properties).join(", ")} }`;
  if (schema.type === "object") return "mapping of texts";
  const name = { string: "text", integer: "whole number", number: "number", boolean: "true, false" }[schema.type ?? ""];
  return `${name ?? "anything"}${rangeText(schema)}`;
}

function rangeText({ minimum, maximum }: SettingSchema): string {
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (minimum !== undefined && bounded && minimum > -Number.MAX_SAFE_INTEGER) return `, ${minimum} to ${maximum}`;
  return minimum !== undefined && minimum > -Number.MAX_SAFE_INTEGER ? `, at least ${minimum}` : "";
}

/** What the page says of a setting's default; nothing where its parts have defaults of their own, or where it has none. */
export function defaultText({ default: value, properties }: SettingSchema): string {
  if (value === undefined) return "";
  if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return properties ? "" : "none";
  return `\`${typeof value === "object" ? JSON.stringify(value) : value}\``;
}

function secretsText(): string {
  const names = Object.keys(secretShapes) as (keyof typeof secretShapes)[];
  const rows = names.map((name) => `| ${name} | ${secretShapes[name].what} | \`${setCommand(name)}\` |`);
  return ["| secret | | set it |", "|---|---|---|", ...rows].join("\n");
}

function tableText(types: MachineTypes): string {
  const rows = types.map((type) => {
    const { name, arch, gpu, gpuMemory, price, attachesGpus } = type;
    const none = attachesGpus ? "those attached" : "none";
    const has = gpu === "none" ? none : `${gpu.count} × ${gpu.model}, ${gpuMemory} GB each`;
    return `| ${name} | ${arch} | ${has} | ${price}${notInPrice(type)} |`;
  });
  return ["| type | processor | GPUs | price of an hour |", "|---|---|---|---|", ...rows].join("\n");
}

if (import.meta.main) {
  const made = configurationReference();
  if (process.argv.includes("--check")) {
    const current = readFileSync(referencePath, "utf8") === made;
    console.log(
      current ? "docs/configuration.md is current." : "docs/configuration.md is not current; run this without --check.",
    );
    process.exitCode = current ? 0 : 2;
  } else writeFileSync(referencePath, made);
}
