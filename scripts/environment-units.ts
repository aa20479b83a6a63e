import { unitName } from "../host/runtimes/embedded/paths.ts";
import type { Runtime } from "../host/runtimes/runtime.ts";
import { runtimeKind, runtimeOf } from "../provider/handlers/runtimes.ts";
import type { Standing } from "./stack-command.ts";

/** The runtime that a stack's sandbox stands on. */
export function runtimeOfSandbox({ state }: Pick<Standing, "state">): Runtime {
  return runtimeOf(runtimeKind.parse(state.find("nemoclaw:host:Sandbox")?.inputs.runtime));
}

/** Units in front of a sandbox: the bridge and the tunnel, where the stack has them. */
export function doorUnits({ state, sandbox }: Pick<Standing, "state" | "sandbox">): Record<string, string> {
  return {
    ...(state.find("nemoclaw:host:TelegramBridge") ? { bridge: unitName("bridge", sandbox) } : {}),
    ...(state.find("nemoclaw:host:CloudflareTunnel") ? { tunnel: unitName("tunnel", sandbox) } : {}),
  };
}
