import type { AnyHandler } from "../handler.ts";
import { cloudflareTunnelResource } from "./cloudflare-tunnel.ts";
import { demo } from "./demo.ts";
import { dockerEngine } from "./docker-engine.ts";
import { inferenceRoute } from "./inference-route.ts";
import { localMachine } from "./local-machine.ts";
import { machineIdentity } from "./machine-identity.ts";
import { networkPolicy } from "./network-policy.ts";
import { nvidiaGpu } from "./nvidia-gpu.ts";
import { preflight } from "./preflight.ts";
import { replacementGuard } from "./replacement-guard.ts";
import { sandboxResource } from "./sandbox.ts";
import { sandboxRuntime } from "./sandbox-runtime.ts";
import { sshKeyPair } from "./ssh-key-pair.ts";
import { telegramBridgeResource } from "./telegram-bridge.ts";
import { workspace } from "./workspace.ts";

/** Every resource type this plugin has. */
export const handlers: readonly AnyHandler[] = [
  sshKeyPair,
  replacementGuard,
  localMachine,
  demo,
  machineIdentity,
  preflight,
  dockerEngine,
  nvidiaGpu,
  sandboxRuntime,
  workspace,
  sandboxResource,
  networkPolicy,
  inferenceRoute,
  telegramBridgeResource,
  cloudflareTunnelResource,
];
