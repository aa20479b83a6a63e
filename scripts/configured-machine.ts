import { readFile } from "node:fs/promises";
import { parse as parseYaml } from "yaml";
import type { Machine } from "../host/machine.ts";
import type { PreflightWants } from "../host/preflight/verdict.ts";
import { printFault } from "../policies/fault.ts";
import { parse, type ValueFault } from "../policies/parse.ts";
import { propertyPath } from "../policies/property-path.ts";
import { existingMachine } from "../stacks/machine-kinds/existing.ts";
import { type MachineSettings, machineSettings } from "../stacks/machine-kinds/index.ts";
import { type Sections, sections } from "../stacks/settings/sections.ts";
import { stackFile } from "./clone-paths.ts";
import { type Engine, findEngine, runEngine } from "./engine-choice.ts";
import { ExitError } from "./stack-command.ts";

type StackConfig = Readonly<Record<string, unknown>>;
type ExistingSettings = Extract<MachineSettings, { kind: "existing" }>;

/**
 * What a stack file says of its machine, for a stack that has not been deployed yet.
 *
 * @returns undefined when there is no such file, or it names no machine
 * @throws ExitError with everything that is wrong with it
 */
export async function configuredMachine(stack: string): Promise<MachineSettings | undefined> {
  const written = (await configOf(stack))?.["nemoclaw:machine"];
  if (written === undefined) return undefined;
  const result = parse(machineSettings, written);
  if (result.faults) throw notPossible(stack, result.faults);
  return result.value as MachineSettings;
}

/** A machine that exists already, as a stack that is not deployed yet will reach it. */
export async function reachOf(
  engine: Engine,
  stack: string,
  { kind: _, ...machine }: ExistingSettings,
): Promise<Machine> {
  return {
    ...machine,
    privateKey: await privateKeyOf(engine, stack),
    id: `existing:${machine.address}:${machine.port}`,
    owner: { project: "nemoclaw", stack, installation: "not deployed yet" },
  };
}

/** What a stack file says is going to be put on the machine; what is wrong with it, a preview says. */
export async function configuredUse(stack: string): Promise<Pick<PreflightWants, "runtime" | "docker">> {
  const config = await configOf(stack);
  const read = <K extends "runtime" | "docker">(name: K) => {
    const result = sections[name].safeParse(config?.[`nemoclaw:${name}`]);
    return result.success ? (result.data as Sections[K]) : undefined;
  };
  return { runtime: read("runtime"), docker: read("docker")?.source };
}

/** What is on the way to a machine, and what lets one through. */
export type Way = Pick<Machine, "via" | "privateKey" | "agentSocket">;

/**
 * The way to a machine whose host key is not pinned yet: that of `machine.via`, where the stack file names this address.
 *
 * @throws ExitError when it cannot be taken as it is written
 */
export async function configuredWay(stack: string, address: string): Promise<Way | undefined> {
  const written = (await configOf(stack))?.["nemoclaw:machine"] as StackConfig | undefined;
  if (written?.kind !== "existing" || written.address !== address || written.via === undefined) return undefined;
  const result = parse(existingMachine.pick({ via: true, agentSocket: true }), {
    via: written.via,
    agentSocket: written.agentSocket,
  });
  if (result.faults) throw notPossible(stack, result.faults);
  const jumps = result.value.via?.kind === "jump" && result.value.agentSocket === undefined;
  return { ...result.value, ...(jumps ? { privateKey: await privateKeyOf(await findEngine(), stack) } : {}) };
}

function notPossible(stack: string, faults: readonly ValueFault[]): ExitError {
  const told = faults.map(({ keys, message, instead }) =>
    printFault({ path: `nemoclaw:${propertyPath(["machine", ...keys])}`, message, instead }),
  );
  return new ExitError(
    [`The machine of stack ${stack} cannot be as ${stackFile(stack)} says:`, ...told].join("\n\n"),
    1,
  );
}

async function configOf(stack: string): Promise<StackConfig | undefined> {
  const text = await readFile(stackFile(stack), "utf8").catch(() => undefined);
  return text === undefined ? undefined : ((parseYaml(text) ?? {}) as { config?: StackConfig }).config;
}

async function privateKeyOf(engine: Engine, stack: string): Promise<string | undefined> {
  const key = "nemoclaw:sshPrivateKey";
  if (!Object.hasOwn((await configOf(stack)) ?? {}, key)) return undefined;
  const args = ["config", "get", key, "--stack", stack];
  const { exitCode, stdout, stderr } = await runEngine(engine, stack, args, { timeoutSeconds: 120 });
  if (exitCode === 0) return stdout.replace(/\n$/, "");
  throw new Error(
    `${key} of stack ${stack} could not be read\n  ran   pulumi ${args.join(" ")}\n  said  ${stderr.trim()}`,
  );
}
