import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { isMap } from "yaml";
import { editedYaml } from "../review/drift/edited-yaml.ts";
import { placeOfSetting } from "../review/revisions/written-setting.ts";
import { askCloud } from "./ask-cloud.ts";
import { stackFile, stackFileName } from "./clone-paths.ts";
import { cloudMachines, machineIn } from "./cloud-machines.ts";
import { familyOf, partsOf } from "./google-image-name.ts";
import { ExitError } from "./stack-command.ts";

/** The one image that a stack's cloud machine is made from. */
export interface MachineImage {
  readonly stack: string;
  readonly kind: "aws" | "gcp";
  /** `eu-central-1`, `europe-west4-a` */
  readonly where: string;
  readonly image: string;
}

/** The images that stack files name. */
export function machineImages(folder?: string): MachineImage[] {
  return cloudMachines(folder).flatMap(({ stack, kind, written: { region, zone, image } }) => {
    const name = image?.id ?? image?.name;
    return name === undefined ? [] : [{ stack, kind, where: (kind === "aws" ? region : zone) ?? "", image: name }];
  });
}

/** AWS's own name for the newest image with NVIDIA's driver and container toolkit. */
const parameterFor = (arch: string) =>
  `/aws/service/deeplearning/ami/${arch === "arm64" ? "arm64" : "x86_64"}/base-with-single-cuda-ubuntu-24.04/latest/ami-id`;

/**
 * Asks the cloud, by its own command line and login, for the newest image of the same kind, and writes it into the stack file.
 *
 * @param parameter AWS only: the parameter that names it
 * @throws ExitError with the command that prints it, where it cannot be run
 */
export async function refreshMachineImage(
  stack: string,
  { parameter, file = stackFile(stack) }: { parameter?: string; file?: string } = {},
): Promise<{ before: string | undefined; after: string }> {
  if (!existsSync(file)) throw new ExitError(`There is no ${stackFileName(stack)}.`, 1);
  const { kind, region, image } = machineIn(file);
  const before = image?.id ?? image?.name;
  if (kind !== "aws" && (kind !== "gcp" || before === undefined)) {
    throw new ExitError(`Stack ${stack} has no image of a cloud: its machine is of kind ${kind ?? "none"}.`, 64);
  }
  const after =
    kind === "aws"
      ? await newestAmi(region ?? "", parameter ?? parameterFor(image?.arch ?? "amd64"))
      : await newestOfFamily(before ?? "");
  if (after !== before) {
    const text = editedYaml(readFileSync(file, "utf8"), stackFileName(stack), (document) => {
      const at = [...placeOfSetting(document, "machine"), "image"];
      if (!isMap(document.getIn(at))) document.setIn(at, document.createNode({}));
      document.setIn([...at, kind === "aws" ? "id" : "name"], after);
    });
    writeFileSync(file, text);
  }
  return { before, after };
}

async function newestAmi(region: string, parameter: string): Promise<string> {
  const command = ["aws", "ssm", "get-parameter", "--query", "Parameter.Value", "--output", "text"];
  const said = await ask([...command, "--region", region, "--name", parameter]);
  if (/^ami-[0-9a-f]+$/.test(said)) return said;
  throw new ExitError(`${parameter} of ${region} is no image: ${said}`, 1);
}

async function newestOfFamily(name: string): Promise<string> {
  const { project, family } = familyOf(name) ?? (await familyOfImage(name));
  const newest = await describeImage(project, ["describe-from-family", family], "name");
  return `projects/${project}/global/images/${newest}`;
}

async function familyOfImage(name: string): Promise<{ project: string; family: string }> {
  const { project, own } = partsOf(name) ?? {};
  if (!project || !own) throw new ExitError(`${name} is not an image's full name.`, 1);
  const family = await describeImage(project, ["describe", own], "family");
  if (family === "") throw new ExitError(`${name} belongs to no family, so no newer one is known.`, 1);
  return { project, family };
}

function describeImage(project: string, words: readonly string[], field: string): Promise<string> {
  return ask(["gcloud", "compute", "images", ...words, "--project", project, "--format", `value(${field})`]);
}

async function ask(command: readonly string[]): Promise<string> {
  const answer = await askCloud(command);
  if (answer.refused === undefined) return answer.said;
  const how = `run it where you are logged in, and put what it prints into machine.image:\n        ${command.join(" ")}`;
  throw new ExitError(
    `The cloud could not be asked for its newest image\n  said  ${answer.refused}\n  try   ${how}`,
    1,
  );
}
