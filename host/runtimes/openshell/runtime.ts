import { unenforceable } from "../../../policies/openshell.ts";
import { ports } from "../embedded/paths.ts";
import type { Runtime } from "../runtime.ts";
import { install } from "./install.ts";
import { needs } from "./needs.ts";
import { network } from "./network.ts";
import { operations } from "./operations.ts";
import { inside, probe } from "./probe.ts";
import { route } from "./route.ts";
import { sandbox } from "./sandbox.ts";

/** NVIDIA OpenShell: its gateway as a service, Docker under it, and the agent as a sandbox's main process. */
export const openshell: Runtime = {
  kind: "openshell",
  unenforceable,
  needs,
  install,
  sandbox,
  network,
  route,
  probe,
  inside,
  operations,
  origin: () => ({ host: "127.0.0.1", port: ports.status }),
};
