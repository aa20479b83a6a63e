import type { Machine } from "../host/machine.ts";
import type { StackState, StateResource } from "./stack-state.ts";

/** A sandbox of a stack: its name is one only on its machine. */
export interface SandboxAt {
  readonly machine: Pick<Machine, "id">;
  readonly sandbox: string;
}

/** Whether a resource is this sandbox's own: its bridge, its workspace. */
export function isOwn({ inputs }: Pick<StateResource, "inputs">, { machine, sandbox }: SandboxAt): boolean {
  return inputs.sandbox === sandbox && machineIdOf(inputs) === machine.id;
}

/** Whether a resource stands on this sandbox's machine. */
export function isOn({ inputs }: Pick<StateResource, "inputs">, { machine }: Pick<SandboxAt, "machine">): boolean {
  return machineIdOf(inputs) === machine.id;
}

/** Whether a resource is another sandbox's, or on another machine. What is neither's, such as the stack itself, is not. */
export function isOfOthers({ inputs }: Pick<StateResource, "inputs">, { machine, sandbox }: SandboxAt): boolean {
  const at = machineIdOf(inputs);
  if (at !== undefined && at !== machine.id) return true;
  return typeof inputs.sandbox === "string" && inputs.sandbox !== sandbox;
}

/** The state as a sandbox sees it: what is found by its type alone is its own, where there are several. */
export function stateFor(state: StackState, at: SandboxAt): StackState {
  return { ...state, find: (type) => state.resources.find((one) => one.type === type && !isOfOthers(one, at)) };
}

function machineIdOf({ machine }: StateResource["inputs"]): unknown {
  return typeof machine === "object" && machine !== null ? (machine as { id?: unknown }).id : undefined;
}
