import { usualDiskType } from "../../components/machine/gpu-table-gcp.ts";
import type { Expected } from "../report.ts";
import { changedNames, type Settings, section } from "./settings.ts";

/** GiB of a data disk whose size is not written; a test compares with the setting. */
export const usualDataDisk = 50;

/** Why a machine's change of type may be a change of its disks: their usual type goes by the machine's. */
export const usualDisk = "whose disks are of another type";

/**
 * What neither cloud changes of a data disk: where it is, and what it is encrypted with. A test compares with what the components say
 * of it.
 */
export const fixedOfDisk = ["region", "zone", "project", "kmsKey"];

/** The data disk of a cloud machine, where two revisions differ in what makes another one of it. */
export function lostDisk(before: Settings, after: Settings): Expected[] {
  if (before.kind !== "aws" && before.kind !== "gcp") return [];
  if (before.kind !== after.kind) {
    const gone = after.kind !== "aws" && after.kind !== "gcp" ? { deleted: true } : {};
    return [{ ...lost("machine.kind", section(before, "dataDisk")), ...gone }];
  }
  const [was, is] = [section(before, "dataDisk"), section(after, "dataDisk")];
  const smaller = Number(is.size ?? usualDataDisk) < Number(was.size ?? usualDataDisk);
  const moved = changedNames(fixedPart(before), fixedPart(after)).map((name) => `machine.${name}`);
  if (after.kind === "aws" && smaller && moved.length === 0) {
    const because = "machine.dataDisk.size is smaller; AWS makes no disk smaller, and the update fails";
    return [{ label: "data disk", because, lost: "everything on it, once it is made anew for that" }];
  }
  const all = after.kind === "gcp" ? [...remadeByGoogle(before, after, smaller), ...moved] : moved;
  return all.length === 0 ? [] : [lost(all.join(", "), is)];
}

function lost(because: string, { protect }: Settings): Expected {
  const guarded = protect === false ? "" : "; refused while it is protected";
  return { label: "data disk", because: `${because}${guarded}`, lost: "everything on it" };
}

function fixedPart(machine: Settings): Settings {
  return Object.fromEntries(Object.entries(machine).filter(([name]) => fixedOfDisk.includes(name)));
}

/** A disk of another type is another disk on Google Cloud, and so is a smaller one. */
function remadeByGoogle(before: Settings, after: Settings, smaller: boolean): string[] {
  const [was, is] = [section(before, "dataDisk"), section(after, "dataDisk")];
  const retyped = diskType(before, was) !== diskType(after, is);
  const type = was.type === is.type ? `machine.machineType, ${usualDisk}` : "machine.dataDisk.type";
  return [...(smaller ? ["machine.dataDisk.size"] : []), ...(retyped ? [type] : [])];
}

/** The type of one of a machine's disks on Google Cloud. */
export function diskType({ machineType }: Settings, { type }: Settings): unknown {
  return type ?? usualDiskType(String(machineType));
}
