import { z } from "zod";
import { awsMachineTypes } from "../../components/machine/gpu-table-aws.ts";
import type { Gpu } from "../../components/machine/machine-types.ts";
import { type Check, check, refuse } from "../../policies/check.ts";
import {
  arch,
  authorizedKey,
  closedAccess,
  cloudAccepts,
  dataDisk,
  dataDiskChecks,
  gib,
  oneAccess,
  publicAccess,
  typeChecks,
  wantedGpu,
} from "./cloud.ts";

const text = z.string().min(1);

/** An identifier of AWS: `subnet-0123456789abcdef0`. */
const awsId = (prefix: string) =>
  z.string().superRefine((value, context) => {
    if (new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(value)) return;
    const message = `${JSON.stringify(value)} is not an id; expected ${prefix}- and 17 hex digits`;
    context.addIssue({ code: "custom", message, params: { instead: `${prefix}-0123456789abcdef0` } });
  });

const gpuImage = "/aws/service/deeplearning/ami/x86_64/base-with-single-cuda-ubuntu-24.04/latest/ami-id";

const ami = z
  .string()
  .superRefine((value, context) => {
    if (/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(value)) return;
    const alias = value.startsWith("/aws/") ? value : value.startsWith("resolve:ssm:") ? value.slice(12) : gpuImage;
    const message = `${JSON.stringify(value)} is not an image id; a name that moves would replace the machine by surprise`;
    const instead = `what this prints: aws ssm get-parameter --name ${alias} --query Parameter.Value --output text`;
    context.addIssue({ code: "custom", message, params: { instead } });
  })
  .describe("AMI id. It is never looked up again by itself, so a newer image is a change that you make.");

const access = z.discriminatedUnion("kind", [
  closedAccess("ssm").describe(
    "Through AWS Session Manager: no open port. Needs the AWS CLI and its Session Manager plugin here.",
  ),
  closedAccess("instance-connect-endpoint").describe(
    "Through an EC2 Instance Connect Endpoint: no open port to the internet. Needs the AWS CLI here.",
  ),
  publicAccess.describe("An elastic address, and SSH from the listed addresses only."),
]);

const settings = z.strictObject({
  kind: z.literal("aws"),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+){1,2}-\d$/, { error: "expected a region such as eu-central-1" })
    .describe("Region."),
  zone: z.string().describe("Availability zone of machine and data disk: the region and a letter, `eu-central-1a`."),
  account: z
    .string()
    .regex(/^\d{12}$/, { error: "expected the 12 digits of an AWS account, in quotes" })
    .optional()
    .describe("Account that this stack may touch; with credentials for another one, nothing is done. Default: any."),
  instanceType: z
    .string()
    .optional()
    .describe("Instance type: `g6.xlarge`. It must be there; without it, suggestions are made."),
  gpu: wantedGpu,
  image: z.strictObject({ id: ami, arch: arch.default("amd64").describe("What the image is built for.") }),
  access: oneAccess("ssm", access).default({ kind: "ssm" }).describe("The way to the machine's SSH."),
  network: z
    .strictObject({
      vpc: awsId("vpc").optional().describe("Id of the VPC."),
      subnet: awsId("subnet").optional().describe("Id of a subnet in the zone, with a way out to the internet."),
    })
    .optional()
    .describe("A network that exists: both `vpc` and `subnet`. Default: a VPC of the stack's own."),
  authorizedKey,
  rootDisk: z
    .strictObject({ size: gib(30).default(100).describe("GiB. Deleted with the machine.") })
    .prefault({})
    .describe("The system's disk: gp3, encrypted."),
  dataDisk: z.strictObject(dataDisk).prefault({}).describe("The agent's files: gp3, encrypted, outlives the machine."),
  kmsKey: text
    .regex(/^arn:aws[a-z-]*:kms:/, { error: "expected the key's ARN" })
    .optional()
    .describe("ARN of the KMS key for both disks. Default: the account's key for EBS."),
  spot: z.boolean().default(false).describe("Spare capacity: cheaper, and stopped when AWS needs it back."),
  terminationProtection: z
    .boolean()
    .optional()
    .describe(
      "AWS itself refuses to terminate the machine until this is false. Default: true; false with `spot`, which AWS does not protect.",
    ),
  tags: z.record(text, z.string()).default({}).describe("Tags on everything made, besides the stack's own."),
  accept: cloudAccepts,
});

type Written = z.input<typeof settings>;

/** What the checks leave of it. */
export type AwsMachineSettings = Omit<z.output<typeof settings>, "instanceType" | "gpu" | "network"> & {
  readonly instanceType: string;
  readonly gpu?: "none" | Gpu;
  readonly network?: { readonly vpc: string; readonly subnet: string };
};

/** A GPU machine on AWS, made by the stack. */
export const awsMachine = settings.superRefine(refuse(checks), { when: () => true });

// Runs on half-right input too, so that one preview tells everything; so nothing here may be taken as given.
function* checks(written: Partial<z.output<typeof settings>>): Iterable<Check> {
  const { region, zone, network, spot, terminationProtection, image, instanceType: name, gpu, accept } = written ?? {};
  yield* typeChecks({
    types: awsMachineTypes,
    key: "instanceType",
    name: typeof name === "string" ? name : undefined,
    gpu: (typeof gpu === "object" || gpu === "none" ? gpu : undefined) as Written["gpu"],
    imageArch: image?.arch,
    accept: Array.isArray(accept) ? accept : [],
  });
  if (
    typeof zone === "string" &&
    typeof region === "string" &&
    !(zone.startsWith(region) && /^[a-z]$/.test(zone.slice(region.length)))
  ) {
    yield check(["zone"], `${JSON.stringify(zone)} is not a zone of ${region}`, `${region}a`);
  }
  if (network?.vpc && !network.subnet) {
    yield check(
      ["network", "subnet"],
      "a VPC without a subnet",
      `subnet: subnet-… of ${network.vpc}, in ${zone ?? "the zone"}`,
    );
  }
  if (network?.subnet && !network.vpc)
    yield check(["network", "vpc"], "a subnet without its VPC", `vpc: vpc-… of ${network.subnet}`);
  if (network && !network.vpc && !network.subnet) {
    yield check(
      ["network"],
      "a network without a subnet",
      "network: { vpc: vpc-…, subnet: subnet-… }, or leave it out",
    );
  }
  if (spot === true && terminationProtection === true) {
    yield check(
      ["terminationProtection"],
      "AWS does not protect spot machines from termination",
      "leave it out, or spot: false",
    );
  }
  yield* dataDiskChecks(written?.dataDisk ?? {});
}
