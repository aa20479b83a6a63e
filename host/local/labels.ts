/** Labels that say whose a container, volume, network or image is. Nothing without our labels is ever touched. */
import { HostError } from "../errors.ts";
import type { Owner } from "../machine.ts";

export type Labels = Readonly<Record<string, string>>;

/** The three labels of an owner. */
export function ownerLabels(owner: Owner): Labels {
  return {
    "nemoclaw.project": owner.project,
    "nemoclaw.stack": owner.stack,
    "nemoclaw.installation": owner.installation,
  };
}

/** Labels as `docker create` takes them. */
export function labelArguments(labels: Labels): string[] {
  return Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]);
}

/** Whether a thing carries all of an owner's labels. */
export function isOwnedBy(owner: Owner, labels: Labels | null | undefined): boolean {
  return Object.entries(ownerLabels(owner)).every(([key, value]) => labels?.[key] === value);
}

/**
 * @throws HostError `foreign` when a thing of this name is not the owner's
 * @example
 * requireOwned(owner, "container", "nemoclaw-main", record.Config.Labels);
 */
export function requireOwned(owner: Owner, kind: string, name: string, labels: Labels | null | undefined): void {
  if (isOwnedBy(owner, labels)) return;
  const theirs = labels?.["nemoclaw.project"]
    ? `project ${labels["nemoclaw.project"]}, stack ${labels["nemoclaw.stack"]}, installation ${labels["nemoclaw.installation"]}`
    : "nobody we know (it has none of our labels)";
  throw new HostError("foreign", {
    summary: `The Docker ${kind} ${name} is already there and belongs to ${theirs}`,
    try: `choose another name, or, if it is no longer needed, remove it yourself: docker ${kind} rm ${name}`,
  });
}
