import { unitName } from "../host/runtimes/embedded/paths.ts";
import type { Standing } from "./stack-command.ts";

/** Units in front of a sandbox: the bridge and the tunnel, where the stack has them. */
export function doorUnits({ state, sandbox }: Pick<Standing, "state" | "sandbox">): Record<string, string> {
  return {
    ...(state.find("nemoclaw:host:TelegramBridge") ? { bridge: unitName("bridge", sandbox) } : {}),
    ...(state.find("nemoclaw:host:CloudflareTunnel") ? { tunnel: unitName("tunnel", sandbox) } : {}),
  };
}
