import { HostError, isCancelled } from "../host/errors.ts";
import type { Host } from "../host/host.ts";
import type { Machine } from "../host/machine.ts";
import { fullDisk, roomFacts } from "../host/preflight/room.ts";
import { type Drifted, driftIn, goneIn, type Looked, lookAt } from "./drift-look.ts";
import { driftFaults, type Fault } from "./environment-faults.ts";
import { messageOf } from "./message-of.ts";
import { isOfOthers, isOn, isOwn } from "./own-resources.ts";
import { namesOf } from "./sandbox-names.ts";
import { readSandboxStatus, type SandboxStatus } from "./sandbox-status.ts";
import type { Standing } from "./stack-command.ts";
import { faultLines, statusScreen } from "./status-screen.ts";
import { plainText } from "./terminal-text.ts";
import { unfinishedFaults } from "./unfinished-update.ts";

/** What stands of a stack that has several sandboxes. */
export interface SeveralStatus {
  readonly lookedAt: string;
  /** Each with what is its own; one that could not be looked at is among the faults alone. */
  readonly sandboxes: readonly (SandboxStatus & { readonly sandbox: string })[];
  /** What is no sandbox's own and not as the last update left it. */
  readonly drift: readonly Drifted[];
  readonly stateChangedAt?: string;
  /** All that is not as it should be, with the sandbox whose it is. */
  readonly faults: readonly (Fault & { readonly sandbox?: string })[];
}

export type StackStatus = SandboxStatus | SeveralStatus;

/**
 * Looks afresh at every sandbox of a stack, in one round trip to each machine. A machine that does not answer is a fault of its
 * sandboxes, and hides no other.
 *
 * @throws what the look at the only one threw, or at the first where none could be looked at
 */
export async function readStackStatus(
  stack: string,
  [only, ...others]: readonly [Standing, ...Standing[]],
  connect: (standing: Standing) => Promise<Host>,
): Promise<StackStatus> {
  if (others.length === 0) return readSandboxStatus(await connect(only), stack, only);
  const standings = [only, ...others];
  const { state } = only;
  const names = namesOf(standings);
  const ofMachine = Map.groupBy(standings, ({ machine }) => machine.id);
  const looks = await Promise.all(
    [...ofMachine.values()].map(async (on): Promise<MachineLook> => {
      const named = on.map((standing) => ({ standing, sandbox: names[standings.indexOf(standing)] as string }));
      return lookAtMachine(stack, named, connect).catch((failed: unknown) => {
        const fault = unknownFault("it", failed);
        return { failed, faults: named.map(({ sandbox }) => ({ sandbox, ...fault })) };
      });
    }),
  );
  const seen = looks.filter((look) => "sandboxes" in look);
  const failed = looks.flatMap((look) => ("failed" in look ? look : []));
  if (seen.length === 0) throw failed[0]?.failed;
  const sandboxes = seen.flatMap((look) => look.sandboxes);
  const apart = { ...state, resources: state.resources.filter((one) => !standings.some((at) => isOn(one, at))) };
  const besides: Fault[] = [];
  const beside = await lookAt(apart).catch((error: unknown) => {
    besides.push(unknownFault("what stands beside the sandboxes", error));
    return [];
  });
  const rest = [...beside, ...seen.flatMap((look) => look.rest)];
  const drift = [...driftIn(rest), ...goneIn(state)];
  const ofSandboxes = sandboxes.flatMap(({ sandbox, faults }) => faults.map((fault) => ({ sandbox, ...fault })));
  return {
    lookedAt: new Date().toISOString(),
    sandboxes,
    drift,
    stateChangedAt: state.changedAt,
    faults: [
      ...ofSandboxes,
      ...failed.flatMap(({ faults }) => faults),
      ...seen.flatMap(({ machine, full }) =>
        full ? [ofMachine.size > 1 ? { ...full, found: onMachine(machine, full.found) } : full] : [],
      ),
      ...besides,
      ...driftFaults(stack, drift),
      ...unfinishedFaults(stack, state),
    ],
  };
}

type MachineLook =
  | {
      readonly machine: Machine;
      readonly sandboxes: SeveralStatus["sandboxes"];
      readonly full?: Fault | undefined;
      /** What on it is no sandbox's own. */
      readonly rest: readonly Looked[];
    }
  | { readonly failed: unknown; readonly faults: readonly (Fault & { readonly sandbox: string })[] };

interface Named {
  readonly standing: Standing;
  readonly sandbox: string;
}

async function lookAtMachine(
  stack: string,
  named: readonly Named[],
  connect: (standing: Standing) => Promise<Host>,
): Promise<Extract<MachineLook, { rest: unknown }>> {
  const [{ standing: first }] = named as [Named];
  const hosts = await Promise.all(named.map(({ standing }) => connect(standing)));
  const { state } = first;
  const look = lookAt({ ...state, resources: state.resources.filter((one) => isOn(one, first)) });
  const [looked, room, ...sandboxes] = await Promise.all([
    look,
    (hosts[0] as Host).look(roomFacts),
    ...named.map(async ({ standing, sandbox }, at) => {
      const own = {
        looked: look.then((all) => all.filter(({ resource }) => !isOfOthers(resource, standing))),
        drift: look.then((all) => driftIn(all.filter(({ resource }) => isOwn(resource, standing)))),
      };
      return { sandbox, ...(await readSandboxStatus(hosts[at] as Host, stack, standing, own)) };
    }),
  ]);
  const rest = looked.filter(({ resource }) => !named.some(({ standing }) => isOwn(resource, standing)));
  return { machine: first.machine, sandboxes, rest, full: fullDisk(room, true) };
}

/** @throws a cancellation as it is */
function unknownFault(what: string, error: unknown): Fault {
  if (isCancelled(error)) throw error;
  const known = error instanceof HostError ? error.details : undefined;
  return {
    found: `nothing is known of ${what}: ${known?.summary ?? messageOf(error)}`,
    try: known?.try ?? "look at the machine, then run this again",
  };
}

/** What was found on a machine, where a stack has several. */
export function onMachine({ address, port }: Pick<Machine, "address" | "port">, found: string): string {
  return `${found} of ${address}:${port}`;
}

/** A fault that says whose it is. */
export function withSandbox({ sandbox, found, try: hint }: SeveralStatus["faults"][number]): Fault {
  return { found: sandbox === undefined ? found : `sandbox ${sandbox}: ${found}`, try: hint };
}

/** For people: one screen, or one for each sandbox and what is wrong beside them. */
export function stackScreen(stack: string, status: StackStatus): string {
  if (!("sandboxes" in status)) return plainText(statusScreen(stack, status));
  const screens = status.sandboxes.map((one) => statusScreen(stack, one, one.sandbox));
  const unknown = status.faults.filter(
    ({ sandbox }) => sandbox !== undefined && !status.sandboxes.some((one) => one.sandbox === sandbox),
  );
  const rest = [...unknown.map(withSandbox), ...status.faults.filter(({ sandbox }) => sandbox === undefined)];
  return plainText([...screens, ...(rest.length > 0 ? [faultLines(rest)] : [])].join("\n\n"));
}
