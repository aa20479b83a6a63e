import { isObject, isSecret } from "../values.ts";
import { identityTypes, rights } from "./cloud-rights.ts";
import { machineTypes } from "./machine-types.ts";
import { doorProperties } from "./openings.ts";
import { type PropertyPath, pathText } from "./property-path.ts";

/** Of doors, machines, accounts and rights: what decides who gets in, or what the machine may do. */
const access: readonly (readonly [types: RegExp, properties: readonly string[]])[] = [
  ...doorProperties,
  [identityTypes, rights],
  [/^gcp:serviceaccount\/account:/i, ["disabled"]],
  [
    machineTypes,
    [
      ...["metadata", "metadataStartupScript", "userData", "userDataBase64", "keyName", "metadataOptions"],
      ...["vpcSecurityGroupIds", "securityGroups", "serviceAccount", "iamInstanceProfile"],
    ],
  ],
  [/^gcp:compute\/instance:/, ["tags"]],
];

/** Whether somebody's access depends on a property. */
export function isOfAccess(type: string, [property]: PropertyPath): boolean {
  return access.some(([types, properties]) => types.test(type) && properties.some((one) => one === property));
}

// A rule of Google's may refuse what it is for; a security group of Amazon's only lets in. Google's older `sshKeys` shuts out
// the keys of the whole project, which its going lets in again.
const lettingIn = /^((vpcSecurityGroupIds|securityGroups)(\[|$)|metadata\.ssh-keys$)/;

/** Whether something of a machine does nothing but let in, so that nobody can do more once it is taken away. */
export function onlyLetsIn(type: string, path: PropertyPath): boolean {
  return machineTypes.test(type) && lettingIn.test(pathText(path));
}

const reported = /^(arn|id|selfLink|etag|state)$|(Fingerprint|Ip|Ips|Dns|Status|State|Timestamp|Time)$/;

/** Whether a cloud only reports a property, and changes it by itself: addresses of a machine that has restarted, marks, times. */
export function isReported(path: PropertyPath): boolean {
  return path.some((one) => typeof one === "string" && reported.test(one));
}

/** A value without what a cloud only reports, wherever it lies in it. */
export function withoutReported(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutReported);
  if (!isObject(value) || isSecret(value)) return value;
  const kept = Object.entries(value).filter(([key]) => !isReported([key]));
  return Object.fromEntries(kept.map(([key, inner]) => [key, withoutReported(inner)]));
}

/** What providers write out again beside `tags` and `labels`. */
export function isMirror([property]: PropertyPath): boolean {
  return ["tagsAll", "effectiveLabels", "pulumiLabels", "terraformLabels"].some((one) => one === property);
}
