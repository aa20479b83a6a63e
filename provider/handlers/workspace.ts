import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import { paths, users } from "../../host/runtimes/embedded/paths.ts";
import type { FileFacts } from "../../host/steps/file-facts.ts";
import { ensureAbsent } from "../../host/steps/file-removal.ts";
import { ensureKeptFolder, isOwned } from "../../host/steps/kept-folder.ts";
import { nothingToRemove } from "../../host/steps/nothing-to-remove.ts";
import { hostHandler } from "../host-resource.ts";
import { sandboxName } from "./sandbox-name.ts";

interface WorkspaceInputs {
  readonly machine: Machine;
  readonly sandbox: string;
  readonly keep: boolean;
  /** Whether the files are the agent's own; not so on a data disk from a machine where the agent had another number. */
  readonly ownedByAgent: boolean;
}

interface WorkspaceState extends WorkspaceInputs {
  readonly path: string;
}

const folderOf = (sandbox: string) => ({
  path: paths.data(sandbox, "workspace"),
  owner: users.sandbox,
  group: users.sandbox,
  mode: 0o750,
});

/** The agent's files, which outlive every sandbox that works on them, and on a data disk every machine. */
export const workspace = hostHandler<WorkspaceInputs, WorkspaceState, FileFacts>({
  type: "nemoclaw:host:Workspace",
  inputs: z.strictObject({
    machine: machineSchema,
    sandbox: sandboxName,
    keep: z.boolean(),
    ownedByAgent: z.literal(true),
  }),
  replaceOn: [["sandbox"]],
  nameOn: ({ sandbox }) => `${sandbox}/workspace`,
  step: ({ sandbox }) => ensureKeptFolder(folderOf(sandbox)),
  observe(inputs, facts) {
    const folder = folderOf(inputs.sandbox);
    return facts.kind === "directory" ? { ...inputs, ownedByAgent: isOwned(folder, facts), path: folder.path } : "gone";
  },
  removal: ({ keep, path }) => (keep ? nothingToRemove(`the workspace ${path}`) : ensureAbsent({ path })),
});
