import { takesGpus } from "../../components/machine/gpu-table-gcp.ts";
import { canonical } from "../../policies/canonical.ts";
import { isOtherText } from "../authorities.ts";
import { lossOf, lossOfBridge, lossOfRemaking } from "../preview/losses.ts";
import type { Expected } from "../report.ts";
import { isObject } from "../values.ts";
import { type Beside, otherLine, remadeFor } from "./expected-remaking.ts";
import { diskType, lostDisk, usualDisk } from "./lost-disk.ts";
import { changedNames, type Settings, section } from "./settings.ts";
import type { StackAt } from "./stack-at.ts";

/**
 * What a machine is made of, or is taken to be: another value is another machine. What a cloud cannot change in place is in
 * `fixed` of components/machine/aws.ts and gcp.ts, too; a test compares.
 */
export const fixedOfMachine = (kind: unknown): string[] => [
  ...["kind", "image", "address", "port", "region", "zone", "project"],
  ...["authorizedKey", "network", "kmsKey", "spot", "bootDisk"],
  // On AWS it is only what the instance's type must have.
  ...(kind === "gcp" ? ["gpu"] : []),
];

const nothing: Beside = { versions: [], authorities: [undefined, undefined] };

/** What two revisions replace or end, where no preview tells. A test compares with what the plugin's resources are replaced for. */
export function expectedReplacements(
  was: StackAt | undefined,
  is: StackAt | undefined,
  beside: Beside = nothing,
): Expected[] {
  if (is === undefined)
    return [
      {
        label: "the whole stack",
        because: "its stack file is gone",
        lost: "nothing until it is destroyed; then everything",
        deleted: true,
      },
    ];
  if (was === undefined) return [];
  const [before, after] = [section(was.settings, "machine"), section(is.settings, "machine")];
  return [...lostDisk(before, after), ...remade(was, is, beside), ...endedBridge(was.settings, is.settings)];
}

function endedBridge(before: Settings, after: Settings): Expected[] {
  if (!isObject(before.telegram) || isObject(after.telegram)) return [];
  return [{ label: "Telegram bridge", because: "telegram is gone", lost: lossOfBridge, deleted: true }];
}

function remade(was: StackAt, is: StackAt, beside: Beside): Expected[] {
  const machine = replacedMachine(section(was.settings, "machine"), section(is.settings, "machine"), beside);
  if (machine) return [machine];
  const runtime = replacedRuntime(was, is, beside);
  if (runtime) return [runtime];
  const fixed = ({ filesystem_policy, process, landlock }: StackAt["policy"]) =>
    canonical({ filesystem_policy, process, landlock });
  if (fixed(was.policy) !== fixed(is.policy)) {
    const because = "filesystem_policy, process and landlock are fixed when it starts";
    return [{ label: "sandbox", because, lost: "the agent restarts; its files outside the workspace go" }];
  }
  const because = is.runtime === "openshell" ? remadeFor(was, is, beside).join(", ") : "";
  return because === "" ? [] : [{ label: "sandbox", because, lost: lossOfRemaking, madeAnew: true }];
}

function replacedMachine(before: Settings, after: Settings, { authorities }: Beside): Expected | undefined {
  const keys = before.kind === after.kind ? changedNames(fixedPart(before), fixedPart(after)) : ["kind"];
  const sameDisk = canonical(before.bootDisk) === canonical(after.bootDisk);
  const named = keys.map((key) =>
    key === "bootDisk" && sameDisk ? `machine.machineType, ${usualDisk}` : `machine.${key}`,
  );
  // A machine on this computer trusts them from its start.
  const trusts = before.kind === "local" && after.kind === "local" && isOtherText(...authorities);
  const because = [...named, ...(trusts ? ["mirrors.ca"] : [])].join(", ");
  if (because === "") return undefined;
  return { label: "machine", because, lost: lossOfMachine(before.kind) };
}

/** What a preview says of it. A cloud's data disk outlives the machine and goes to the next one. */
function lossOfMachine(kind: unknown): string {
  const type = kind === "aws" ? "aws:ec2/instance:Instance" : kind === "gcp" ? "gcp:compute/instance:Instance" : own;
  return lossOf(type, undefined) ?? "";
}

const own = "nemoclaw:local:Machine";

function fixedPart(machine: Settings): Settings {
  const { kind, machineType, gpu = "none" } = machine;
  const disk = section(machine, "bootDisk");
  const names = fixedOfMachine(kind);
  const fixed = Object.fromEntries(Object.entries(machine).filter(([name]) => names.includes(name)));
  if (kind !== "gcp") return fixed;
  // A type that GPUs are not attached to has them, and the setting only asks for them.
  const attached = takesGpus(String(machineType)) ? gpu : "none";
  return { ...fixed, gpu: attached, bootDisk: { ...disk, type: diskType(machine, disk) } };
}

function replacedRuntime(was: StackAt, is: StackAt, beside: Beside): Expected | undefined {
  const label = "sandbox runtime, and the sandbox";
  const lost = "the agent's conversations, and its files outside the workspace; the workspace stays";
  if (was.runtime !== is.runtime) return { label, because: "runtime.kind", lost };
  const release = is.runtime === "openshell" ? otherLine(beside) : undefined;
  if (release === undefined) return undefined;
  const { accept } = section(is.settings, "runtime");
  const taken = Array.isArray(accept) && accept.includes("recreate");
  const because = `OpenShell ${release.after} is no upgrade of ${release.before}`;
  const refused = taken ? "" : "; refused without runtime.accept: [recreate]";
  return { label, because: `${because}${refused}`, lost: `${lost}; OpenShell's own history goes` };
}
