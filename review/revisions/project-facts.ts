import type { Fact } from "../facts.ts";
import { ReviewError } from "../review-error.ts";
import { isObject } from "../values.ts";
import { asPulumiReads } from "./as-pulumi-reads.ts";
import type { Revision } from "./revision.ts";
import { unknownKeyFacts } from "./unknown-key-facts.ts";

const path = "Pulumi.yaml";

/**
 * What has changed in the project's own file that may lead Pulumi elsewhere: to another program (`main`), another way to run it (`runtime`), other
 * plugins, another place of the state (`backend`), another project. The CLI was asked; what else it may come to read there counts as the same.
 */
export function projectFacts(from: Revision, to: Revision): Fact[] {
  const facts = unknownKeyFacts(projectAt(from), projectAt(to), harmless, note);
  return facts.map((fact) => ({ ...fact, what: `${path}, ${fact.what}` }));
}

// Words for people, what only a new project is made from, and what can only keep an update from running. Refused are the last two.
const harmless = [
  ...["description", "author", "website", "license", "template", "requiredPulumiVersion"],
  ...["config", "stackConfigDir"],
];
const note =
  "how Pulumi runs the stack is not looked into: which program, by what, with which plugins, and where the state is";

/** Of a file that cannot be taken nothing is known, and then all is new. */
function projectAt(revision: Revision): Readonly<Record<string, unknown>> | undefined {
  const text = revision.read(path);
  if (text === undefined) return undefined;
  try {
    const project = asPulumiReads(text, path);
    return isObject(project) ? project : undefined;
  } catch (error) {
    if (!(error instanceof ReviewError)) throw error;
    return undefined;
  }
}
