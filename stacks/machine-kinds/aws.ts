import { Region } from "@pulumi/aws/types/enums/index.js";
import { z } from "zod";
import { awsMachineTypes } from "../../components/machine/gpu-table-aws.ts";
import type { Gpu } from "../../components/machine/machine-types.ts";
import { type Check, check, refuse } from "../../policies/check.ts";
import { nearest } from "../../policies/nearest.ts";
import { closedAccess, oneAccess, publicAccess } from "./cloud/access.ts";
import { cloudChecks, mapping } from "./cloud/checks.ts";
import { cloudSettings, dataDisk, imageOf, shaped, systemDisk } from "./cloud/settings.ts";

/** An identifier of AWS: `subnet-0123456789abcdef0`. */
const awsId = (prefix: string) =>
  shaped(
    new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`),
    `${prefix}- and 17 hex digits`,
    `${prefix}-0123456789abcdef0`,
  );

const gpuImage = "/aws/service/deeplearning/ami/x86_64/base-with-single-cuda-ubuntu-24.04/latest/ami-id";

const ami = shaped(
  /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/,
  "an image id; a name that moves would replace the machine by surprise",
  (value) => {
    const alias = value.startsWith("/aws/") ? value : value.startsWith("resolve:ssm:") ? value.slice(12) : gpuImage;
    return `what this prints: aws ssm get-parameter --name ${alias} --query Parameter.Value --output text`;
  },
).describe("AMI id. It is never looked up again by itself, so a newer image is a change that you make.");

const access = z.discriminatedUnion("kind", [
  closedAccess("ssm").describe(
    "Through AWS Session Manager: no open port. Needs the AWS CLI and its Session Manager plugin here.",
  ),
  closedAccess("instance-connect-endpoint").describe(
    "Through an EC2 Instance Connect Endpoint: no open port to the internet. Needs the AWS CLI here.",
  ),
  publicAccess("IPv4 and IPv6").describe("An elastic address, and SSH from the listed addresses only."),
]);

const tagKey = shaped(
  /^(?!aws:)./is,
  "a tag's key; those that begin with aws: are AWS's own",
  (value) => value.replace(/^(aws:)+/i, "") || "team",
);

const regions: readonly string[] = Object.values(Region);

const region = z
  .string()
  .superRefine((value, context) => {
    if (regions.includes(value)) return;
    const message = `${JSON.stringify(value)} is not a region of AWS`;
    context.addIssue({ code: "custom", message, params: { instead: nearest(value, regions) ?? "eu-central-1" } });
  })
  .describe("Region: `eu-central-1`.");

const { spot, ...common } = cloudSettings("AWS");

const settings = z.strictObject({
  kind: z.literal("aws"),
  region,
  zone: z.string().describe("Availability zone of machine and data disk: the region and a letter, `eu-central-1a`."),
  account: shaped(
    /^\d{12}$/,
    "the 12 digits of an AWS account, in quotes",
    "what this prints: aws sts get-caller-identity",
  )
    .optional()
    .describe("Account that this stack may touch; with credentials for another one, nothing is done. Default: any."),
  instanceType: z
    .string()
    .optional()
    .describe("Instance type: `g6.xlarge`. It must be there; without it, suggestions are made."),
  image: imageOf({ id: ami }),
  access: oneAccess("ssm", access)
    .default({ kind: "ssm" })
    .describe("The way to the machine's SSH. Default: `kind: ssm`."),
  network: z
    .strictObject({
      vpc: awsId("vpc").optional().describe("Id of the VPC. In `network` it must be there."),
      subnet: awsId("subnet")
        .optional()
        .describe("Id of a subnet in the zone, with a way out to the internet. In `network` it must be there."),
    })
    .optional()
    .describe("A network that exists: both `vpc` and `subnet`. Default: a VPC of the stack's own."),
  rootDisk: z.strictObject(systemDisk).prefault({}).describe("The system's disk: gp3, encrypted."),
  dataDisk: z.strictObject(dataDisk).prefault({}).describe("The agent's files: gp3, encrypted, outlives the machine."),
  kmsKey: shaped(/^arn:aws[a-z-]*:kms:.+/, "the key's ARN", "arn:aws:kms:REGION:ACCOUNT:key/ID")
    .optional()
    .describe("ARN of the KMS key for both disks. Default: the account's key for EBS."),
  terminationProtection: z
    .boolean()
    .optional()
    .describe(
      "AWS itself refuses to terminate the machine until this is false. What makes the machine anew, such as another image, is refused at preview until then; so it takes three applies: this to false, the change, this back to true. Default: true; false with `spot`, which AWS does not protect.",
    ),
  tags: z.record(tagKey, z.string()).default({}).describe("Tags on everything made, besides the stack's own."),
  ...common,
  spot: spot.describe(
    "Spare capacity: cheaper, and stopped when AWS needs it back. Pulumi's provider may leave the machine's spot request behind when it deletes the machine or makes it anew, and AWS then starts another one, which costs and is nobody's. Look for it afterwards: `aws ec2 describe-spot-instance-requests --filters Name=state,Values=open,active`; end it by `aws ec2 cancel-spot-instance-requests`, and its instance by `aws ec2 terminate-instances`.",
  ),
});

/** What the checks leave of it. */
export type AwsMachineSettings = Omit<z.output<typeof settings>, "instanceType" | "gpu" | "network"> & {
  readonly instanceType: string;
  readonly gpu?: "none" | Gpu;
  readonly network?: { readonly vpc: string; readonly subnet: string };
};

/** A GPU machine on AWS, made by the stack. */
export const awsMachine = settings
  .superRefine(refuse(checks), { when: () => true })
  .describe(
    "A machine on AWS, made by the stack. What only AWS knows is asked at preview, and what it does not answer is noted. Without any credentials there is no preview: Pulumi's provider for AWS checks them first, and fails.",
  );

function* checks(written: object): Iterable<Check> {
  const { region, zone, spot, terminationProtection } = mapping(written) ?? {};
  yield* cloudChecks(written, {
    types: awsMachineTypes,
    key: "instanceType",
    network: ["vpc", "a VPC", "vpc-…"],
    subnetwork: ["subnet", "a subnet", "subnet-…"],
  });
  // A zone of a region that is not one cannot be judged.
  const known = regions.find((each) => each === region);
  if (known && typeof zone === "string" && !(zone.startsWith(known) && /^[a-z]$/.test(zone.slice(known.length)))) {
    yield check(["zone"], `${JSON.stringify(zone)} is not a zone of ${known}`, `${known}a`);
  }
  if (spot === true && terminationProtection === true) {
    const message = "AWS does not protect spot machines from termination";
    yield check(["terminationProtection"], message, "leave it out, or spot: false");
  }
}
