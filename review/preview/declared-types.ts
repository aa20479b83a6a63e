import { awsForms } from "./aws-forms.ts";
import { identityTypes, rights } from "./cloud-rights.ts";
import { wayOfCommand } from "./command-way.ts";
import { gcpForms } from "./gcp-forms.ts";
import { all, any, type Form, hidden, parts } from "./given-forms.ts";
import { doorProperties } from "./openings.ts";

/** What the components make and give, by type. */
const declared: Readonly<Record<string, Record<string, Form>>> = {
  ...awsForms,
  ...gcpForms,
  "command:remote:Command": {
    ...all("addPreviousOutputInEnv", "create", "delete", "logging", "update"),
    connection: wayOfCommand,
    stdin: hidden,
  },
};

/** Without these a cloud takes what its network or its project has for all. */
const always: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/instance:Instance": ["subnetId", "vpcSecurityGroupIds"],
  "aws:ec2transitgateway/instanceConnectEndpoint:InstanceConnectEndpoint": ["securityGroupIds"],
  "gcp:compute/instance:Instance": ["metadata"],
};

/** Types that others make, too, of which rules say all. */
const rules: readonly (readonly [types: RegExp, properties: readonly string[]])[] = [
  ...doorProperties,
  [identityTypes, rights],
];

/** This package's own, which are looked into one by one. */
const ofPackage = /^nemoclaw:(host|local|index):/;

/** What people call it by, and what a provider notes beside. */
const names = ["name", "description", "tags", "tagsAll", "labels", "effectiveLabels", "pulumiLabels"];

const region = "region";

/** Whether a property is the region that AWS's provider works in, which it writes into everything. */
export function isOwnRegion(type: string, property: string): boolean {
  return type.startsWith("aws:") && property === region;
}

/** What is looked into of a type, or is nothing to anybody's access; nothing of one that neither the components make nor rules are for. */
export function formOf(type: string): Form | undefined {
  if (ofPackage.test(type)) return any;
  const ofRules = rules.filter(([types]) => types.test(type)).flatMap(([, properties]) => properties);
  if (!Object.hasOwn(declared, type) && ofRules.length === 0) return undefined;
  const besides = [...names, ...[region].filter((property) => isOwnRegion(type, property))];
  return parts({ ...all(...besides, ...ofRules), ...declared[type] }, always[type]);
}

const usual: readonly (readonly [types: RegExp, secrets: RegExp])[] = [
  [ofPackage, /^(key|token|privateKey|machine|hostKey)(\.|$)/],
  [/^command:remote:Command$/, /^stdin(\.|$)/],
];

/** Whether a secret is one that the components give: another one is told by its name, and opens nothing more. */
export function isUsualSecret(type: string, path: string): boolean {
  return names.includes(firstOf(path)) || usual.some(([types, secrets]) => types.test(type) && secrets.test(path));
}

function firstOf(path: string): string {
  return path.split(/[.[]/)[0] ?? "";
}
