import { HostError } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import type { Machine } from "../host/machine.ts";
import { shown } from "../host/runtimes/openshell/cli.ts";
import { type Draft, pendingDrafts } from "../host/runtimes/openshell/drafts.ts";
import { connectToOurs, ExitError, type Standing } from "./stack-command.ts";
import type { StateResource } from "./stack-state.ts";

/** What waits in one sandbox, and a connection to its machine. */
export interface Waiting {
  readonly host: Host;
  readonly sandbox: string;
  /** What the stack takes knowingly of its runtime, by name. */
  readonly accept: readonly string[];
  readonly drafts: readonly Draft[];
}

/** @throws HostError when the gateway does not answer, or has no such sandbox, or somebody else's */
export async function waitingIn(standing: Standing): Promise<Waiting> {
  const host = await connectToOurs(standing);
  const { sandbox } = standing;
  return { host, sandbox, accept: acceptedOn(standing), drafts: await draftsOf(host, sandbox) };
}

function acceptedOn({ machine, state }: Standing): readonly string[] {
  const isIts = ({ type, inputs }: StateResource) =>
    type === "nemoclaw:host:SandboxRuntime" && (inputs.machine as Machine | undefined)?.id === machine.id;
  return (state.resources.find(isIts)?.inputs.accept ?? []) as readonly string[];
}

async function draftsOf(host: Host, sandbox: string): Promise<readonly Draft[]> {
  const found = await host.look(pendingDrafts(sandbox));
  if (found.kind === "there") return found.drafts;
  const gone = found.kind === "absent";
  throw new HostError("not-converged", {
    summary: gone
      ? `OpenShell has no sandbox ${sandbox} on ${host.machine.address}`
      : `OpenShell's gateway on ${host.machine.address} does not tell which rules wait for approval`,
    ran: shown("rule", "get", sandbox, "--status", "pending"),
    said: gone ? undefined : found.said,
    try: "scripts/status shows what runs; up --refresh starts the gateway again",
  });
}

/** One draft, and where it waits. */
export type Picked = Waiting & { readonly draft: Draft };

/**
 * The one draft whose id begins so, in whichever sandbox it waits.
 *
 * @param unread how many sandboxes did not answer
 * @throws ExitError where none does, or more than one
 */
export function pick(waiting: readonly Waiting[], id: string, stack: string, unread = 0): Picked {
  const found = waiting.flatMap((at) =>
    at.drafts.filter((draft) => draft.id.startsWith(id.toLowerCase())).map((draft) => ({ ...at, draft })),
  );
  const [only] = found;
  if (only && found.length === 1) return only;
  const where = unread > 0 ? " where somebody answered" : "";
  const which = only ? `${found.length} drafts begin` : `No draft that waits${where} begins`;
  throw new ExitError(`${which} with ${id}.\n  try   scripts/approvals -s ${stack}`, 1);
}
