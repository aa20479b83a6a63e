import { existsSync } from "node:fs";
import { z } from "zod";
import { type Machine, machineSchema } from "../host/machine.ts";
import { cutCreations, pendingOperations } from "../review/preview/left-half-way.ts";
import { type Engine, runEngine } from "./engine-choice.ts";
import { isLocal, stackStateFile } from "./local-backend.ts";
import { passphraseHint } from "./passphrase-hint.ts";

const checkpoint = z.object({
  // Of a stack that nothing was ever made of it is null.
  deployment: z
    .object({
      resources: z
        .array(
          z.object({
            urn: z.string(),
            type: z.string(),
            id: z.string().optional(),
            delete: z.boolean().optional(),
            modified: z.string().optional(),
            inputs: z.record(z.string(), z.unknown()).default({}),
            outputs: z.record(z.string(), z.unknown()).default({}),
          }),
        )
        .default([]),
      pending_operations: pendingOperations,
    })
    .nullish(),
});

/** One resource as the state has it, secrets in clear: never print it whole. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

/** What a stack's state says stands. */
export interface StackState {
  readonly resources: readonly StateResource[];
  /** When anything in it last changed, ISO 8601. */
  readonly changedAt?: string;
  /** What an update was interrupted at making, `sandbox main-sandbox`: nobody knows whether it is there. */
  readonly cutCreations?: readonly string[];
  /** The only resource of a type, or the first: `nemoclaw:host:Sandbox`. */
  find(type: string): StateResource | undefined;
}

/**
 * Reads a stack's state through the engine, with its secrets.
 *
 * @returns undefined when there is no such stack
 * @throws Error with what the engine said, for instance a wrong passphrase
 */
export async function readStackState(engine: Engine, stack: string): Promise<StackState | undefined> {
  if (isLocal(stack) && !existsSync(stackStateFile(stack))) return undefined;
  const args = ["stack", "export", "--show-secrets", "--stack", stack];
  const answer = await runEngine(engine, stack, args, { timeoutSeconds: 120 });
  if (answer.exitCode !== 0) {
    if (/\bno stack named ['"]/.test(answer.stderr)) return undefined;
    const hint = passphraseHint(stack, answer.stderr);
    throw new Error(
      `the state of stack ${stack} could not be read\n  ran   pulumi ${args.join(" ")}   (exit ${answer.exitCode})\n  said  ${answer.stderr.trim()}${hint ? `\n  try   ${hint}` : ""}`,
    );
  }
  const { deployment } = checkpoint.parse(JSON.parse(answer.stdout));
  const known = deployment?.resources ?? [];
  const resources = known
    .filter((resource) => !resource.delete)
    .map(({ urn, type, id, inputs, outputs }) => ({
      urn,
      type,
      id,
      inputs: inClear(inputs) as Record<string, unknown>,
      outputs: inClear(outputs) as Record<string, unknown>,
    }));
  const changedAt = known
    .flatMap(({ modified }) => modified ?? [])
    .toSorted()
    .at(-1);
  return {
    resources,
    changedAt,
    cutCreations: cutCreations(deployment?.pending_operations),
    find: (type) => resources.find((resource) => resource.type === type),
  };
}

/** How to reach the machine a stack's sandbox stands on. */
export function machineOf(state: StackState | undefined): Machine | undefined {
  // A machine's identity alone pins the key of user data too, which others may know.
  const found = state?.resources.find(
    ({ type, inputs }) => type !== "nemoclaw:host:MachineIdentity" && machineSchema.safeParse(inputs.machine).success,
  );
  return found && machineSchema.parse(found.inputs.machine);
}

const signature = "4dabf18193072939515e22adb298388d";

/** Pulumi marks a secret by a signature; with `--show-secrets` its value stands beside it as JSON text. */
function inClear(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inClear);
  if (typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  if (signature in record) {
    return typeof record.plaintext === "string" ? inClear(JSON.parse(record.plaintext)) : record.value;
  }
  return Object.fromEntries(Object.entries(record).map(([key, inner]) => [key, inClear(inner)]));
}
