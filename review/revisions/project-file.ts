import { ReviewError } from "../review-error.ts";
import { isObject } from "../values.ts";
import { asPulumiReads } from "./as-pulumi-reads.ts";

/** The names under which Pulumi looks for the project's own file; JSON is YAML, too. */
export const projectFile = /^Pulumi\.(ya?ml|json)$/;

/**
 * Refuses a project's own file that has settings, as the embedded engine does. Pulumi takes them for each stack that has none of that
 * name, whatever they are, and nobody would look for them there.
 *
 * @param name how to name the file in errors
 */
export function refuseProjectSettings(text: string, name: string): void {
  const project = asPulumiReads(text, name);
  if (!isObject(project) || !project.config) return;
  const settings = isObject(project.config) ? Object.keys(project.config).join(", ") : "";
  throw new ReviewError(
    `${name} has "config", whose settings hold for every stack and are not judged here${settings && `: ${settings}`}`,
    "the same settings in each stack file that needs them",
  );
}
