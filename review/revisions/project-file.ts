import { ReviewError } from "../review-error.ts";
import { isObject } from "../values.ts";
import { asPulumiReads } from "./as-pulumi-reads.ts";

/** The names under which Pulumi looks for the project's own file. */
export const projectFile = /^Pulumi\.(ya?ml|json)$/;

/**
 * Refuses a project's own file of another name than `Pulumi.yaml`, and one that has settings, as the embedded engine does. By its name Pulumi
 * goes for what the stacks' files are called, too; settings it takes for each stack that has none of that name, whatever they are, and
 * nobody would look for them there.
 *
 * @param name how to name the file in errors
 */
export function refuseProjectFile(text: string, name: string, path: string): void {
  if (path !== "Pulumi.yaml") {
    const ending = path.slice(path.lastIndexOf("."));
    throw new ReviewError(
      `${name} is another file for the project: Pulumi takes Pulumi.json, then Pulumi.yaml, then Pulumi.yml, and with this one Pulumi.STACK${ending}`,
      "what is meant, in Pulumi.yaml",
    );
  }
  const project = asPulumiReads(text, name);
  if (!isObject(project) || !project.config) return;
  const settings = isObject(project.config) ? Object.keys(project.config).join(", ") : "";
  throw new ReviewError(
    `${name} has "config", whose settings hold for every stack and are not judged here${settings && `: ${settings}`}`,
    "the same settings in each stack file that needs them",
  );
}
