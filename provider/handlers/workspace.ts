import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import { paths, users } from "../../host/runtimes/embedded/paths.ts";
import { ensureDirectory } from "../../host/steps/directory.ts";
import type { FileFacts } from "../../host/steps/file-facts.ts";
import { ensureAbsent } from "../../host/steps/file-removal.ts";
import { nothingToRemove } from "../../host/steps/nothing-to-remove.ts";
import { hostHandler } from "../host-resource.ts";
import { sandboxName } from "./sandbox-name.ts";

interface WorkspaceInputs {
  readonly machine: Machine;
  readonly sandbox: string;
  readonly keep: boolean;
}

interface WorkspaceState extends WorkspaceInputs {
  readonly path: string;
}

/** The agent's files, which outlive every sandbox that works on them. */
export const workspace = hostHandler<WorkspaceInputs, WorkspaceState, FileFacts>({
  type: "nemoclaw:host:Workspace",
  inputs: z.strictObject({ machine: machineSchema, sandbox: sandboxName, keep: z.boolean() }),
  replaceOn: [["sandbox"]],
  nameOn: ({ sandbox }) => `${sandbox}/workspace`,
  step: ({ sandbox }) =>
    ensureDirectory({
      path: paths.data(sandbox, "workspace"),
      owner: users.sandbox,
      group: users.sandbox,
      mode: 0o750,
    }),
  observe(inputs, facts) {
    return facts.kind === "directory" ? { ...inputs, path: paths.data(inputs.sandbox, "workspace") } : "gone";
  },
  removal: ({ keep, path }) => (keep ? nothingToRemove(`the workspace ${path}`) : ensureAbsent({ path })),
});
