import { unitName } from "../host/runtimes/embedded/paths.ts";
import type { Standing } from "./stack-command.ts";

/** All units of an environment, by the names that `scripts/logs` has for them. */
export function unitsByPart(standing: Pick<Standing, "state" | "sandbox" | "runtime">): Record<string, string> {
  return { ...standing.runtime.operations.units(standing.sandbox), ...doorUnits(standing) };
}

/** Units in front of a sandbox: the bridge and the tunnel, where the stack has them. */
export function doorUnits({ state, sandbox }: Pick<Standing, "state" | "sandbox">): Record<string, string> {
  return {
    ...(state.find("nemoclaw:host:TelegramBridge") ? { bridge: unitName("bridge", sandbox) } : {}),
    ...(state.find("nemoclaw:host:CloudflareTunnel") ? { tunnel: unitName("tunnel", sandbox) } : {}),
  };
}
