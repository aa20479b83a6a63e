import { fillMirror } from "../../host/lock.ts";
import { nameOf, npmFile } from "../../host/lock-npm.ts";
import { withoutVersion } from "../../host/lock-version.ts";
import { type Fact, fact } from "../facts.ts";
import { type Entries, elsewhere, text } from "./lock-entries.ts";

type Entry = Entries[string];

/**
 * Where npm takes a package from, and which one it is, unless that is as before or as usual: without an address npm asks its registry
 * for the version.
 */
export function originFacts(
  service: string,
  path: string,
  before: Entry | undefined,
  after: Entry | undefined,
): Fact[] {
  if (after === undefined) return [];
  const what = `npm ${path} of the ${service}`;
  const [was, is] = [before && address(path, before), address(path, after)];
  const [old, now] = [before && nameIn(path, before), nameIn(path, after)];
  // What is as usual is told only of what was not.
  const stays = place(was ?? usual, before) === place(is, after);
  const renamed = (old ?? nameOf(path)) !== now;
  return [
    ...(stays ? [] : fact(`${what}, address`, was, is, is === usual ? {} : elsewhere)),
    ...(renamed ? fact(`${what}, its name`, old, now, now === nameOf(path) ? {} : another) : []),
  ];
}

const usual = "npm's registry";
const another = { effect: "unclear", note: "another package in the folder of this one" } as const;

function nameIn(path: string, { name }: Entry): string {
  return text(name) ?? nameOf(path);
}

function address(path: string, entry: Entry): string {
  const { version } = entry;
  // What is no version npm takes for an address.
  const at = entry.resolved ?? (isVersion(version) ? undefined : version);
  if (at === undefined) return usual;
  const file = fillMirror(npmFile({ name: nameIn(path, entry), version: String(version) }), {});
  return at === file ? usual : (text(at) ?? JSON.stringify(at));
}

/** An address, whatever the version. */
function place(address: string, entry: Entry | undefined): string {
  const version = entry?.version;
  return isVersion(version) ? withoutVersion(address, version) : address;
}

function isVersion(version: unknown): version is string {
  return typeof version === "string" && /^\d+\.\d+\.\d+(-[\w.-]+)?(\+[\w.-]+)?$/.test(version);
}
