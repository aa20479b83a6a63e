import { unenforceable } from "../../../policies/embedded.ts";
import type { Runtime } from "../runtime.ts";
import { install } from "./install.ts";
import { network } from "./network.ts";
import { operations } from "./operations.ts";
import { ports } from "./paths.ts";
import { inside, probe } from "./probe.ts";
import { route } from "./route.ts";
import { sandbox } from "./sandbox.ts";

/** sandbox-runtime under a supervisor of our own, with a gate and a route: needs the npm registry and the distribution. */
export const embedded: Runtime = {
  kind: "embedded",
  unenforceable,
  needs: () => ({}),
  install,
  sandbox,
  network,
  route,
  probe,
  inside,
  operations,
  origin: () => ({ host: "127.0.0.1", port: ports.status }),
};
