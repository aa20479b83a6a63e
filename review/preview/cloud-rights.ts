import type { Fact } from "../facts.ts";
import { untold } from "../not-looked-into.ts";
import { valueChanges } from "../values.ts";
import type { ResourceChange } from "./resource-changes.ts";

const ofRights = "what the machine may do in the cloud";

/** What an identity may do; who may open IAP's tunnels is told as a door. */
const identity = /^aws:iam\/|IAM(Member|Binding|Policy):|^gcp:(service[aA]ccount|projects)\//;
const door = /tunnelInstanceIAM/i;
const rights = [
  ...["policy", "policyArn", "inlinePolicies", "managedPolicyArns", "assumeRolePolicy", "policyData"],
  ...["role", "roles", "member", "members", "condition"],
];

/** Of a machine: who it is in the cloud, and what its metadata lets in or starts. */
const machine = /^(aws:ec2|gcp:compute)\/instance:/;
const ofMachine = { iamInstanceProfile: ofRights, serviceAccount: ofRights, metadata: "it may let somebody in" };

/** What a machine may do in its cloud, by preview: nobody here judges it, so what is new of it is not comparable. */
export function rightsFacts(changes: readonly ResourceChange[]): Fact[] {
  return changes.flatMap(({ type, name, before, after }) => {
    if (after === undefined) return [];
    const [was, is] = [before?.inputs ?? {}, after.inputs ?? {}];
    const told = (key: string, note: string) =>
      valueChanges(was[key], is[key], key).map((one) => untold(`${one.path} of ${name}`, one, note));
    if (identity.test(type) && !door.test(type)) return rights.flatMap((key) => told(key, ofRights));
    // A new one has what its own resources say.
    if (!machine.test(type) || before === undefined) return [];
    return Object.entries(ofMachine).flatMap(([key, note]) => told(key, note));
  });
}
