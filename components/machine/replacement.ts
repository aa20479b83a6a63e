import * as pulumi from "@pulumi/pulumi";
import { ReplacementGuard, type ReplacementGuardArgs } from "../../resources/replacement-guard.ts";
import type { CloudKeys } from "./cloud-identity.ts";

interface Fixed {
  readonly keys: CloudKeys;
  /** The setting by which the cloud refuses to delete the machine. */
  readonly protectedBy: string | undefined;
  /** What the cloud itself cannot change in place. */
  readonly settings: ReplacementGuardArgs["settings"];
  /** Of these what the cloud's provider does not tell as a change when it goes away. */
  readonly unseen?: readonly string[];
}

/**
 * Options of a machine that is made anew by a change of these settings or of the key that may log in, which it reads at its first
 * boot only; and that refuses such a change while its cloud would not let the old machine go.
 */
export function replacedKnowingly(
  name: string,
  { keys, protectedBy, settings, unseen = [] }: Fixed,
  parent: pulumi.Resource,
): pulumi.CustomResourceOptions {
  // The comment at its end lets nobody in.
  const login = pulumi.output(keys.authorizedKey).apply((key) => key.trim().split(/\s+/).slice(0, 2).join(" "));
  const guard = new ReplacementGuard(
    `${name}-replacement`,
    { protectedBy, settings: { ...settings, "machine.authorizedKey": login } },
    { parent },
  );
  const replacementTrigger = login.apply((key) => [key, ...unseen].join(" "));
  return { dependsOn: [guard], replacementTrigger };
}
