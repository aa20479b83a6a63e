import { type Document, isMap, isScalar } from "yaml";
import { structured } from "../../stacks/settings/structured.ts";
import { isObject } from "../values.ts";
import { keyOf } from "./stack-file.ts";

/**
 * Where a stack file has a setting of ours, whichever way its key is written. One that is JSON in a text is made a mapping, as
 * something is to be put into it; so is one that is empty.
 */
export function placeOfSetting(document: Document, name: string): string[] {
  const config = document.get("config", true);
  const keys = isMap(config) ? config.items.map(({ key }) => String(isScalar(key) ? key.value : key)) : [];
  const place = ["config", keys.find((key) => keyOf(key) === name) ?? `nemoclaw:${name}`];
  const value = document.getIn(place);
  const whole = value === null ? {} : typeof value === "string" ? structured(value) : undefined;
  if (isObject(whole)) document.setIn(place, document.createNode(whole));
  return place;
}
