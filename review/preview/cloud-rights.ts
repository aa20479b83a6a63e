import type { Fact } from "../facts.ts";
import { untold, untoldAnyway } from "../not-looked-into.ts";
import { isObject, show, valueChanges } from "../values.ts";
import { machineTypes } from "./machine-types.ts";
import type { IsOwn } from "./own-names.ts";
import { mayDeny, namedMayDeny } from "./policy-denials.ts";
import type { PreviewStep } from "./preview-step.ts";
import type { ResourceChange } from "./resource-changes.ts";

const ofRights = "what the machine may do in the cloud";
const ofTunnels = "who may open IAP tunnels, and when";

/** What an identity may do. Whom a member or a binding lets into IAP's tunnels is told as a door; a policy is told whole. */
const identity = /^aws:iam\/|IAM(Member|Binding|Policy):|^gcp:(serviceaccount|projects)\//i;
const door = /tunnelInstanceIAM(Member|Binding)/i;

/** Those of them of which what follows says all. */
export const identityTypes =
  /^aws:iam\/(role|policy|instanceProfile|(role|user|group)Policy(Attachment)?|policyAttachment):|^gcp:.*IAM(Member|Binding|Policy):/i;
export const rights: readonly string[] = [
  ...["policy", "policyArn", "inlinePolicies", "managedPolicyArns", "assumeRolePolicy", "policyData"],
  ...["role", "roles", "member", "members", "user", "users", "group", "groups", "condition"],
];

/** What is attached to somebody, which may be there to keep them out. */
const attachment = /^aws:iam\/\w*PolicyAttachment:/i;

/** Lists of who may and what, from which nothing can go that kept somebody out, where what they are given is a grant. */
const grants = ["role", "roles", "member", "members", "user", "users", "group", "groups", "policyArn"];

/** Of a machine: who it is in the cloud, what its metadata lets in, and what it runs when it starts. */
const ofMachine = {
  iamInstanceProfile: ofRights,
  serviceAccount: ofRights,
  metadata: "it may let somebody in",
  userData: "what it runs when it starts",
};

/**
 * What a machine may do in its cloud, by preview: nobody here judges it, so what is new of it is not comparable.
 *
 * @param isOwn whether what is named is the stack's own
 * @param steps all that the preview shows
 */
export function rightsFacts(changes: readonly ResourceChange[], isOwn: IsOwn, steps: readonly PreviewStep[]): Fact[] {
  return changes.flatMap(({ type, name, before, after }) => {
    const [was, is] = [before?.inputs ?? {}, after?.inputs ?? {}];
    const restricts = attachment.test(type) && before !== undefined && namedMayDeny(was.policyArn, steps);
    const told = (key: string, note: string) => {
      const tell = grants.includes(key) && !restricts ? untold : untoldAnyway;
      return valueChanges(was[key], is[key], key).map((one) => tell(`${one.path} of ${name}`, one, note));
    };
    // With a right that goes nobody may do more, but where it denied something.
    if (after === undefined) {
      const denied = attachment.test(type) ? restricts : "policy" in was ? mayDeny(was.policy) : hasDenial(was);
      return identity.test(type) && !door.test(type) && denied ? rights.flatMap((key) => told(key, ofRights)) : [];
    }
    if (door.test(type))
      return before === undefined ? [] : ["condition", "role"].flatMap((key) => told(key, ofTunnels));
    if (identity.test(type)) return rights.flatMap((key) => told(key, ofRights));
    if (!machineTypes.test(type)) return [];
    if (before !== undefined) return Object.entries(ofMachine).flatMap(([key, note]) => told(key, note));
    // A new one has what its own resources say, and what it only names.
    const account = isObject(is.serviceAccount) ? is.serviceAccount.email : is.serviceAccount;
    const others = [
      ...(isOwn(/^aws:iam\/instanceProfile:/, is.iamInstanceProfile) ? [] : [is.iamInstanceProfile]),
      ...(isOwn(/^gcp:serviceaccount\/account:/i, account) ? [] : [account]),
    ];
    const note = ofRights;
    return others.map((one) => ({ what: `whom ${name} is in the cloud`, after: show(one), effect: "unclear", note }));
  });
}

/** Whether what goes has a policy inside that denies: a role's own ones, a policy of Google's. */
const hasDenial = (inputs: unknown) => /deny/i.test(JSON.stringify(inputs));
