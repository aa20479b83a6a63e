import { canonical } from "../../policies/canonical.ts";
import type { Fact } from "../facts.ts";
import { shown } from "../values.ts";
import { environment, environmentFacts } from "./environment-facts.ts";
import type { StackFile } from "./stack-file.ts";
import { unknownKeyFacts } from "./unknown-key-facts.ts";

/** What has changed in two stack files beside the settings. */
export function besideFacts(was: StackFile | undefined, is: StackFile | undefined): Fact[] {
  return [
    ...environmentFacts(was?.beside, is?.beside),
    ...secretsProviderFacts(was, is),
    ...keyFacts(was, is),
    ...unknownKeyFacts(was?.beside, is?.beside, [provider, environment, ...Object.keys(notes)], unknown),
  ];
}

/** Who may open the stack's secrets; also of a stack that is new, or whose older file cannot be read. */
function secretsProviderFacts(was: StackFile | undefined, is: StackFile | undefined): Fact[] {
  const [before, after] = [was, is].map((file) => file?.beside[provider] ?? undefined);
  if (is === undefined || canonical({ value: before }) === canonical({ value: after })) return [];
  const from = was === undefined ? undefined : shown(before ?? noneNamed);
  const note = "who may open the stack's secrets";
  return [{ what: provider, before: from, after: shown(after ?? noneNamed), effect: "unclear", note }];
}

/** Of a stack that is new or gone, its keys and salts are no change; and they are for nobody's eyes. */
function keyFacts(was: StackFile | undefined, is: StackFile | undefined): Fact[] {
  if (was === undefined || is === undefined) return [];
  return Object.entries(notes)
    .map(([what, note]) => ({ what, note, before: was.beside[what], after: is.beside[what] }))
    .filter(({ before, after }) => canonical({ value: before }) !== canonical({ value: after }))
    .map(({ what, note, before, after }) => ({
      what,
      ...(before === undefined ? {} : { before: "one" }),
      ...(after === undefined ? {} : { after: before === undefined ? "one" : "another one" }),
      note,
    }));
}

const unknown = "beside the settings in the stack file: what it does is not known here";
const provider = "secretsprovider";
const noneNamed = "none named: a passphrase, or the backend's own key";
const notes: Readonly<Record<string, string>> = {
  encryptedkey: "what secrets are encrypted with",
  encryptionsalt: "what secrets are encrypted with, by the passphrase",
};
