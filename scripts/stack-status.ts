import type { Host } from "../host/host.ts";
import { type Drifted, driftIn, goneIn, lookAt } from "./drift-look.ts";
import { driftFaults, type Fault } from "./environment-faults.ts";
import { isOfOthers, isOwn } from "./own-resources.ts";
import { readSandboxStatus, type SandboxStatus } from "./sandbox-status.ts";
import type { Standing } from "./stack-command.ts";
import { faultLines, statusScreen } from "./status-screen.ts";
import { unfinishedFaults } from "./unfinished-update.ts";

/** What stands of a stack that has several sandboxes. */
export interface SeveralStatus {
  readonly lookedAt: string;
  /** Each with what is its own. */
  readonly sandboxes: readonly (SandboxStatus & { readonly sandbox: string })[];
  /** What is no sandbox's own and not as the last update left it. */
  readonly drift: readonly Drifted[];
  readonly stateChangedAt?: string;
  /** All that is not as it should be, with the sandbox whose it is. */
  readonly faults: readonly (Fault & { readonly sandbox?: string })[];
}

export type StackStatus = SandboxStatus | SeveralStatus;

/** Looks afresh at every sandbox of a stack, in one round trip to each machine. */
export async function readStackStatus(
  stack: string,
  [only, ...others]: readonly [Standing, ...Standing[]],
  connect: (standing: Standing) => Promise<Host>,
): Promise<StackStatus> {
  if (others.length === 0) return readSandboxStatus(await connect(only), stack, only);
  const standings = [only, ...others];
  const { state } = only;
  const names = namesOf(standings);
  const hosts = await Promise.all(standings.map(connect));
  const look = lookAt(state);
  const [looked, ...sandboxes] = await Promise.all([
    look,
    ...hosts.map(async (host, at) => {
      const standing = standings[at] as Standing;
      const own = {
        looked: look.then((all) => all.filter(({ resource }) => !isOfOthers(resource, standing))),
        drift: look.then((all) => driftIn(all.filter(({ resource }) => isOwn(resource, standing)))),
      };
      return { sandbox: names[at] as string, ...(await readSandboxStatus(host, stack, standing, own)) };
    }),
  ]);
  const rest = looked.filter(({ resource }) => !standings.some((standing) => isOwn(resource, standing)));
  const drift = [...driftIn(rest), ...goneIn(state)];
  const ofSandboxes = sandboxes.flatMap(({ sandbox, faults }) => faults.map((fault) => ({ sandbox, ...fault })));
  return {
    lookedAt: new Date().toISOString(),
    sandboxes,
    drift,
    stateChangedAt: state.changedAt,
    faults: [...ofSandboxes, ...driftFaults(stack, drift), ...unfinishedFaults(stack, state)],
  };
}

/** For people: one screen, or one for each sandbox and what is wrong beside them. */
export function stackScreen(stack: string, status: StackStatus): string {
  if (!("sandboxes" in status)) return statusScreen(stack, status);
  const screens = status.sandboxes.map((one) => statusScreen(stack, one, one.sandbox));
  const rest = status.faults.filter(({ sandbox }) => sandbox === undefined);
  return [...screens, ...(rest.length > 0 ? [faultLines(rest)] : [])].join("\n\n");
}

/** Names of sandboxes that tell them apart: two machines may each have a `main`. */
function namesOf(standings: readonly Standing[]): string[] {
  return standings.map(({ sandbox, machine }) => {
    const isOnly = standings.filter((one) => one.sandbox === sandbox).length === 1;
    return isOnly ? sandbox : `${sandbox} on ${machine.address}:${machine.port}`;
  });
}
