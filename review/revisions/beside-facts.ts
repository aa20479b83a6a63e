import { canonical } from "../../policies/canonical.ts";
import type { Fact } from "../facts.ts";
import { shown } from "../values.ts";
import { environment, environmentFacts } from "./environment-facts.ts";
import type { StackFile } from "./stack-file.ts";

/** Who may open the stack's secrets, as two stack files have it. */
export function secretsProviderFacts(was: StackFile | undefined, is: StackFile | undefined): Fact[] {
  const note = "who may open the stack's secrets";
  return changed(was, is, (key) => key === provider).map(({ what, before, after }) => {
    const [from, to] = [before, after].map((value) => shown(value ?? "a passphrase"));
    return { what, before: from, after: to, effect: "unclear", note };
  });
}

/** What else has changed in two stack files beside the settings. */
export function besideFacts(was: StackFile | undefined, is: StackFile | undefined): Fact[] {
  return [
    ...environmentFacts(was?.beside, is?.beside),
    ...changed(was, is, (key) => key !== provider && key !== environment).map(({ what, before, after }) => ({
      what,
      // Keys and salts are for nobody's eyes.
      ...(before === undefined ? {} : { before: "one" }),
      ...(after === undefined ? {} : { after: before === undefined ? "one" : "another one" }),
      note: notes[what] ?? "beside the settings in the stack file",
    })),
  ];
}

const provider = "secretsprovider";
const notes: Readonly<Record<string, string>> = {
  encryptedkey: "what secrets are encrypted with",
  encryptionsalt: "what secrets are encrypted with, by the passphrase",
};

// Of a stack that is new or gone, it is no change.
function changed(was: StackFile | undefined, is: StackFile | undefined, wanted: (key: string) => boolean) {
  if (was === undefined || is === undefined) return [];
  const keys = [...new Set([...Object.keys(was.beside), ...Object.keys(is.beside)])].filter(wanted).sort();
  return keys
    .map((what) => ({ what, before: was.beside[what], after: is.beside[what] }))
    .filter(({ before, after }) => canonical({ value: before }) !== canonical({ value: after }));
}
