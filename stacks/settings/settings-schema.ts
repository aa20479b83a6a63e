import { z } from "zod";
import { sections } from "./sections.ts";

/** The part of JSON Schema that zod makes of the settings. */
export interface SettingSchema {
  readonly description?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, SettingSchema>>;
  readonly required?: readonly string[];
  readonly items?: SettingSchema;
  readonly oneOf?: readonly SettingSchema[];
  readonly anyOf?: readonly SettingSchema[];
  readonly additionalProperties?: SettingSchema | boolean;
  readonly hidden?: boolean;
}

let made: SettingSchema | undefined;

/** All settings of a stack as one schema, made from what reads them. */
export function settingsSchema(): SettingSchema {
  made ??= z.toJSONSchema(z.object(sections), { io: "input", unrepresentable: "any" }) as SettingSchema;
  return made;
}

/**
 * What a setting is, in the words of the configuration reference; nothing where there are none.
 *
 * @param path the names on the way to it, such as `workspace.keep`
 * @param settings the settings it stands in, whose kinds tell which of several it is
 * @example describedSetting("workspace.keep", {}) // "Keep what the agent made when the stack is destroyed."
 */
export function describedSetting(path: string, settings: Readonly<Record<string, unknown>>): string | undefined {
  let schema: SettingSchema | undefined = settingsSchema();
  let value: unknown = settings;
  for (const name of path.split(".")) {
    schema = ofKind(schema, value)?.properties?.[name];
    value = isMapping(value) ? value[name] : undefined;
  }
  return schema?.description;
}

function ofKind(schema: SettingSchema | undefined, value: unknown): SettingSchema | undefined {
  const kind = isMapping(value) ? value.kind : undefined;
  return schema?.oneOf?.find(({ properties }) => properties?.kind?.const === kind) ?? schema;
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
