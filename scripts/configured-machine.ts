import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Machine } from "../host/machine.ts";
import { existingMachine } from "../stacks/machine-kinds/existing.ts";
import { stackFile } from "./clone-paths.ts";
import { type Engine, runEngine } from "./engine-choice.ts";

/**
 * The machine that a stack file names, for a stack that has not been deployed yet: only one that exists already can be looked
 * at by then.
 *
 * @returns undefined when there is no such file, or its machine is yet to be made
 */
export async function configuredMachine(engine: Engine, stack: string): Promise<Machine | undefined> {
  const text = await readFile(stackFile(stack), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const { config = {} } = (parse(text) ?? {}) as { config?: Record<string, unknown> };
  const result = existingMachine.safeParse(config["nemoclaw:machine"]);
  if (!result.success) return undefined;
  const { kind: _, ...machine } = result.data;
  const secret = "nemoclaw:sshPrivateKey";
  const privateKey = Object.hasOwn(config, secret) ? await readSecret(engine, stack, secret) : undefined;
  return {
    ...machine,
    privateKey,
    id: `existing:${machine.address}:${machine.port}`,
    owner: { project: "nemoclaw", stack, installation: "not deployed yet" },
  };
}

async function readSecret(engine: Engine, stack: string, key: string): Promise<string> {
  const args = ["config", "get", key, "--stack", stack];
  const { exitCode, stdout, stderr } = await runEngine(engine, stack, args, { timeoutSeconds: 120 });
  if (exitCode === 0) return stdout.replace(/\n$/, "");
  throw new Error(
    `${key} of stack ${stack} could not be read\n  ran   pulumi ${args.join(" ")}\n  said  ${stderr.trim()}`,
  );
}
