import { type Document, isScalar, parseDocument, type Tags, type ToStringOptions } from "yaml";
import { ReviewError } from "../review-error.ts";
import { notYaml } from "../revisions/not-yaml.ts";
import { withOwnLineEnds } from "./own-line-ends.ts";

/**
 * The text of a YAML file after a change. Lines that the change does not touch stay as they are written, however that is.
 *
 * @throws ReviewError when the file is no YAML, or what is there has no place for the change
 */
export function editedYaml(text: string, name: string, edit: (document: Document) => void): string {
  return withOwnLineEnds(text, (lines) => edited(lines, name, edit));
}

function edited(text: string, name: string, edit: (document: Document) => void): string {
  const document: Document = parseDocument(text, { customTags: (tags) => tags.map(asItStands) });
  const [fault] = document.errors;
  if (fault) throw notYaml(name, fault);
  const style = styleOf(text);
  const before = rendered(document, style);
  let after: string;
  try {
    edit(document);
    after = rendered(document, style);
  } catch (error) {
    throw new ReviewError(`${name} has no place for what is to go into it: ${(error as Error).message}`);
  }
  const written = asWritten(text, before, after);
  return says(written) === says(after) ? written : after;
}

/**
 * A number is rendered as it is written: 0777 is one number to this library and another to Pulumi's, and 0x1F need not become
 * 0x1f.
 */
function asItStands(tag: Tags[number]): Tags[number] {
  if (typeof tag === "string" || tag.collection || !/:(int|float)$/.test(tag.tag)) return tag;
  const { stringify } = tag;
  return {
    ...tag,
    stringify: (item, context, onComment, onChompKeep) => {
      const stands = item.source !== undefined && tag.resolve?.(item.source, () => {}, context.doc.options as never);
      const value = isScalar(stands) ? stands.value : stands;
      if (item.source !== undefined && value === item.value) return item.source;
      return stringify?.(item, context, onComment, onChompKeep) ?? String(item.value);
    },
  };
}

type Style = Pick<ToStringOptions, "indent" | "indentSeq">;

/** How far a file's blocks stand from what they are in, by the first of them, and whether its lists do at all. */
function styleOf(text: string): Style {
  const steps = [...text.matchAll(/^( *)[^\s#-][^\n]*:\n(?: *(?:#[^\n]*)?\n)*( *)(- )?\S/gm)].map(
    ([, outer, inner, list]) => ({
      by: (inner ?? "").length - (outer ?? "").length,
      list: list !== undefined,
    }),
  );
  const block = steps.find(({ by, list }) => by > 0 && !list) ?? steps.find(({ by }) => by > 0);
  return { indent: block?.by ?? 2, indentSeq: !steps.some(({ by, list }) => list && by === 0) };
}

function rendered(document: Document, style: Style): string {
  return document.toString({ lineWidth: 0, ...style });
}

/** What a text comes to; what is no YAML comes to nothing. */
function says(text: string): string | undefined {
  const document = parseDocument(text);
  return document.errors.length > 0 ? undefined : JSON.stringify(document.toJS());
}

/** What is as it was before the change, in the file's own words. */
function asWritten(text: string, before: string, after: string): string {
  const [own, was, is] = [text, before, after].map((one) => one.replace(/\n$/, "").split("\n")) as Lines;
  const most = Math.min(was.length, is.length);
  const head = alike(most, (at) => was[at] === is[at]);
  const tail = alike(most - head, (at) => was.at(-1 - at) === is.at(-1 - at));
  const places = own.map((_, at) => at).concat(own.length);
  const stays = was.slice(0, head);
  const starts = places.filter((at) => saysSame(own.slice(0, at), stays));
  // Empty lines at the end of what stays belong to it where they do when rendered.
  const start = stays.at(-1) === "" ? starts.at(-1) : starts[0];
  if (start === undefined) return after;
  const end = places.find((at) => at >= start && saysSame(own.slice(at), was.slice(was.length - tail)));
  if (end === undefined) return after;
  return `${[...own.slice(0, start), ...is.slice(head, is.length - tail), ...own.slice(end)].join("\n")}\n`;
}

type Lines = [own: string[], was: string[], is: string[]];

/** Whether lines differ in spaces, breaks, the last comma of a list and where a comment in one stands, all that rendering changes. */
function saysSame(some: readonly string[], others: readonly string[]): boolean {
  const [a, b] = [some, others].map((lines) => [...lines.join("").replaceAll(/[\s,]/g, "")].sort().join(""));
  return a === b;
}

function alike(most: number, same: (at: number) => boolean): number {
  let count = 0;
  while (count < most && same(count)) count++;
  return count;
}
