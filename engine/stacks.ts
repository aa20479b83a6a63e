import { Backend } from "./backend.ts";
import { openDeployment, sealDeployment } from "./checkpoint.ts";
import { EngineError } from "./errors.ts";
import { readProject } from "./project.ts";
import { type OpenStack, openStack, type Target } from "./session.ts";
import { StackLock } from "./stack-lock.ts";
import { stackType } from "./urn.ts";
import { blind, type Properties, reveal } from "./values.ts";

/**
 * Makes an empty stack, with a salt for its secrets in its configuration file.
 *
 * @throws EngineError when there is one of that name, or no passphrase
 */
export async function initStack(target: Target): Promise<void> {
  const open = openStack(target);
  if (open.backend.exists(open.stack)) throw new EngineError(`stack '${open.stack}' already exists`);
  const crypter = await open.file.crypter();
  const nothing = sealDeployment({ resources: [], operations: [] }, crypter);
  await open.backend.write(open.stack, JSON.stringify(nothing));
}

/** The names of a project's stacks. */
export function listStacks(target: Omit<Target, "stack">): string[] {
  const project = readProject(target.folder ?? ".");
  return new Backend(target.backendUrl ?? (process.env.PULUMI_BACKEND_URL || project.backendUrl), project).stacks();
}

/** A stack's state in the form that `stack import`, ours and the CLI's, takes. */
export async function exportStack(target: Target, showSecrets = false): Promise<{ version: 3; deployment: unknown }> {
  const open = openStack(target);
  const written = open.backend.read(open.stack);
  if (!showSecrets) return { version: 3, deployment: written ?? {} };
  const crypter = await open.file.crypter();
  return { version: 3, deployment: sealDeployment(await openDeployment(written, crypter), crypter, true) };
}

/**
 * Replaces a stack's state with an exported one; its secrets are encrypted anew for this stack.
 *
 * @throws EngineError when it is not a deployment, or is another stack's and `force` is not given
 */
export async function importStack(
  target: Target,
  exported: { version?: number; deployment?: unknown },
  options: { force?: boolean; say?: (line: string) => void } = {},
): Promise<void> {
  if (exported?.version !== 3)
    throw new EngineError(`a state of format ${exported?.version} cannot be imported; 3 can`);
  const open = openStack(target);
  const crypter = await open.file.crypter();
  const checkpoint = await openDeployment(exported.deployment, crypter);
  const own = `urn:pulumi:${open.stack}::${open.project.name}::`;
  const stranger = checkpoint.resources.find(({ urn }) => !urn.startsWith(own));
  if (stranger && !options.force) {
    throw new EngineError(
      `${stranger.urn} is not of stack ${open.stack} of ${open.project.name}; --force imports it all the same`,
    );
  }
  using _lock = await lock(open, options.say);
  open.backend.backup(open.stack);
  await open.backend.write(open.stack, JSON.stringify(sealDeployment(checkpoint, crypter)));
}

/** What the program returned; secrets as `[secret]` unless shown. */
export async function stackOutputs(target: Target, showSecrets = false): Promise<Properties> {
  const open = openStack(target);
  const { resources } = await openDeployment(open.backend.read(open.stack), await open.file.crypter());
  const outputs = resources.find(({ type }) => type === stackType)?.outputs ?? {};
  return (showSecrets ? reveal(outputs) : blind(outputs)) as Properties;
}

/** @throws EngineError when the stack still has resources and `force` is not given */
export async function removeStack(
  target: Target,
  options: { force?: boolean; say?: (line: string) => void } = {},
): Promise<void> {
  const open = openStack(target);
  using _lock = await lock(open, options.say);
  const { resources } = (open.backend.read(open.stack) ?? {}) as { resources?: unknown[] };
  if (resources?.length && !options.force) {
    throw new EngineError(
      `'${open.stack}' still has resources; removal rejected\n  try   destroy it first, or --force`,
    );
  }
  open.backend.remove(open.stack);
}

function lock(open: OpenStack, say: (line: string) => void = () => {}): Promise<StackLock> {
  return StackLock.take(open.backend.lockFolder(open.stack), say);
}
