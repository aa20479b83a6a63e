import { type Document, isAlias, isCollection, isNode, isPair, isScalar, visit } from "yaml";
import { readPolicy } from "../../policies/read.ts";
import { ReviewError } from "../review-error.ts";
import { keyOf } from "../revisions/stack-file.ts";
import { placeOfSetting } from "../revisions/written-setting.ts";
import type { Adoption } from "./adopt.ts";
import { adoptBlock } from "./adopt-block.ts";
import { editedYaml } from "./edited-yaml.ts";

/** A file's text with what could be adopted in it, and what could not, with the reason. */
export interface Adopted {
  readonly text: string;
  readonly left: readonly string[];
}

/**
 * A file's text with the adoptions in it; its comments and its order stay.
 *
 * @throws ReviewError when the file is no YAML, or would be no policy, or one of them could not be taken
 */
export function adoptInto(text: string, into: Adoption["into"], adoptions: readonly Adoption[], name: string): string {
  const { text: written, left } = adoptSome(text, into, adoptions, name);
  if (left.length > 0) throw new ReviewError(`${name} cannot take all of it: ${left.join("; ")}`);
  return written;
}

/**
 * The same, where what cannot be taken is left.
 *
 * @throws ReviewError when the file is no YAML, or would be no policy
 */
export function adoptSome(text: string, into: Adoption["into"], adoptions: readonly Adoption[], name: string): Adopted {
  const mine = adoptions.filter((one) => one.into === into);
  const left: string[] = [];
  let written = text || "version: 1\n";
  for (const { path, value, comment, drifted } of mine) {
    const edit = (document: Document) => {
      const place = into === "stack" ? inStackFile(document, path) : path;
      if (value === undefined) document.deleteIn(place);
      else put(document, place, value, comment);
    };
    const block = path[1];
    if (drifted && block !== undefined) {
      const taken = adoptBlock(written, name, { ...drifted, block, found: value, putWhole: edit });
      if (taken.refusal !== undefined) left.push(`block ${block}: ${taken.refusal}`);
      written = taken.text;
    } else written = editedYaml(written, name, edit);
  }
  if (into === "policy") readPolicy(written, name);
  return { text: written, left };
}

/** @param path with the setting as `nemoclaw:NAME` */
function inStackFile(document: Document, [, setting = "", ...inside]: readonly string[]): string[] {
  return [...placeOfSetting(document, keyOf(setting)), ...inside];
}

/** A key with nothing behind it is the place of what is to go below it. */
function openEmpty(document: Document, path: readonly string[]): void {
  for (const [at] of path.entries()) {
    const above = path.slice(0, at);
    const node = document.getIn(above, true);
    if (at > 0 && isScalar(node) && node.value === null) document.setIn(above, document.createNode({}));
  }
}

/** @throws Error where what is written at the path, or around it, is used in other places by its anchor */
function refuseShared(document: Document, path: readonly string[]): void {
  for (const [at] of path.entries()) {
    const node = document.getIn(path.slice(0, at + 1), true);
    const anchor = isNode(node) && !isAlias(node) && node.anchor;
    if (!anchor) continue;
    visit(document, {
      Alias: (_, { source }) => {
        if (source === anchor) throw new Error(`&${anchor} gives it to other places, too`);
      },
    });
  }
}

function put(document: Document, path: readonly string[], value: unknown, comment?: readonly string[]): void {
  const isNew = !document.hasIn(path);
  openEmpty(document, path);
  refuseShared(document, path);
  // A scalar that is set keeps its comment and its quotes.
  document.setIn(path, typeof value === "object" ? document.createNode(value) : value);
  const around = document.getIn(path.slice(0, -1), true);
  if (!isCollection(around)) return;
  // In `{}` and `[]` there is no place for lines of their own.
  if ((isNew && around.items.length === 1) || comment) around.flow = false;
  if (!comment) return;
  const item = around.items.at(-1);
  if (isPair(item) && !isScalar(item.key)) item.key = document.createNode(item.key);
  const node = isPair(item) ? item.key : item;
  if (isNode(node)) node.commentBefore = comment.map((line) => ` ${line}`).join("\n");
}
