import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { cloneFolder } from "./clone-paths.ts";
import { runProgram } from "./run-program.ts";
import { ExitError } from "./stack-command.ts";

/** The one image that a stack's cloud machine is made from. */
export interface MachineImage {
  readonly stack: string;
  readonly kind: "aws" | "gcp";
  /** `eu-central-1`, `europe-west4-a` */
  readonly where: string;
  readonly image: string;
}

interface Machine {
  readonly kind?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly image?: { readonly id?: string; readonly name?: string; readonly arch?: string };
}

const stacks = join(cloneFolder, "stacks");
const fileOf = (stack: string) => join(stacks, `Pulumi.${stack}.yaml`);

/** The images that stack files name. */
export function machineImages(folder = stacks): MachineImage[] {
  const names = readdirSync(folder).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  return names.sort().flatMap((stack) => {
    const { kind, region, zone, image } = machineIn(join(folder, `Pulumi.${stack}.yaml`));
    const name = image?.id ?? image?.name;
    if ((kind !== "aws" && kind !== "gcp") || name === undefined) return [];
    return [{ stack, kind, where: (kind === "aws" ? region : zone) ?? "", image: name }];
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
  { parameter, file = fileOf(stack) }: { parameter?: string; file?: string } = {},
): Promise<{ before: string; after: string }> {
  if (!existsSync(file)) throw new ExitError(`There is no stacks/Pulumi.${stack}.yaml.`, 1);
  const { kind, region, image = {} } = machineIn(file);
  const before = image.id ?? image.name;
  if ((kind !== "aws" && kind !== "gcp") || before === undefined) {
    throw new ExitError(`Stack ${stack} has no image of a cloud: its machine is of kind ${kind ?? "none"}.`, 64);
  }
  const after =
    kind === "aws"
      ? await newestAmi(region ?? "", parameter ?? parameterFor(image.arch ?? "amd64"))
      : await newestOfFamily(before);
  if (after !== before) {
    const document = parseDocument(readFileSync(file, "utf8"));
    document.setIn(["config", "nemoclaw:machine", "image", kind === "aws" ? "id" : "name"], after);
    writeFileSync(file, document.toString({ lineWidth: 0 }));
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
  const [, project, own] = /projects\/([^/]+)\/global\/images\/([^/]+)$/.exec(name) ?? [];
  if (!project || !own) throw new ExitError(`${name} is not an image's full name.`, 1);
  const describe = (words: string[], field: string) =>
    ask(["gcloud", "compute", "images", ...words, "--project", project, "--format", `value(${field})`]);
  const family = await describe(["describe", own], "family");
  if (family === "") throw new ExitError(`${name} belongs to no family, so no newer one is known.`, 1);
  const newest = await describe(["describe-from-family", family], "name");
  return `projects/${project}/global/images/${newest}`;
}

async function ask(command: readonly string[]): Promise<string> {
  const how = `run it where you are logged in, and put what it prints into machine.image:\n        ${command.join(" ")}`;
  const { exitCode, stdout, stderr } = await runProgram(command, { timeoutSeconds: 60 });
  if (exitCode === 0) return stdout.trim();
  const said = exitCode === 127 ? `there is no ${command[0]} here` : stderr.trim() || `exit ${exitCode}`;
  throw new ExitError(`The cloud could not be asked for its newest image\n  said  ${said}\n  try   ${how}`, 1);
}

function machineIn(file: string): Machine {
  const { config } = (parse(readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, unknown> };
  return (config?.["nemoclaw:machine"] ?? {}) as Machine;
}
