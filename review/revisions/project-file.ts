import { ReviewError } from "../review-error.ts";
import { isObject, show } from "../values.ts";
import { asPulumiReads } from "./as-pulumi-reads.ts";
import { stackFolder } from "./stack-file.ts";

/** The names under which Pulumi looks for the project's own file. */
export const projectFile = /^Pulumi\.(ya?ml|json)$/;

/**
 * Refuses a project's own file of another name than `Pulumi.yaml`, one that has settings, and one that has the stacks' files elsewhere, as the
 * embedded engine does. By its name Pulumi goes for what the stacks' files are called, too; settings it takes for each stack that has none of
 * that name, whatever they are; and nobody would look for settings there.
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
  if (!isObject(project)) return;
  refuseConfig(project, name);
  refuseOtherFolder(project, name);
}

function refuseConfig(project: Record<string, unknown>, name: string): void {
  if (!project.config) return;
  const settings = isObject(project.config) ? Object.keys(project.config).join(", ") : "";
  throw new ReviewError(
    `${name} has "config", whose settings hold for every stack and are not judged here${settings && `: ${settings}`}`,
    "the same settings in each stack file that needs them",
  );
}

function refuseOtherFolder({ stackConfigDir: folder }: Record<string, unknown>, name: string): void {
  if (folder === stackFolder) return;
  const found = folder ? `"stackConfigDir": ${show(folder)}` : `no "stackConfigDir"`;
  const where = folder ? "there" : "beside this file";
  throw new ReviewError(
    `${name} has ${found}: Pulumi takes the stacks' settings from ${where}, and nobody here looks for them but in ${stackFolder}/`,
    `stackConfigDir: ${stackFolder}, with the stack files in that folder`,
  );
}
