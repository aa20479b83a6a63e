import { z } from "zod";
import { gcpMachineTypes, takesGpus } from "../../components/machine/gpu-table-gcp.ts";
import type { Gpu } from "../../components/machine/machine-types.ts";
import { type Check, check, refuse } from "../../policies/check.ts";
import { closedAccess, oneAccess, publicAccess } from "./cloud/access.ts";
import { cloudChecks, mapping } from "./cloud/checks.ts";
import { eachOnce } from "./cloud/each-once.ts";
import { cloudSettings, dataDisk, imageOf, shaped, systemDisk } from "./cloud/settings.ts";
import { attachableTo, attachedGpuChecks } from "./gcp-attached-gpus.ts";
import { gcpLabels } from "./gcp-labels.ts";

const text = z.string().min(1);

const image = z
  .string()
  .superRefine((value, context) => {
    const full = value.replace(/^https:\/\/www\.googleapis\.com\/compute\/v1\//, "");
    const [, project = "deeplearning-platform-release", family] =
      /^(?:projects\/)?([a-z0-9-]+)\/(?:global\/images\/)?family\/(\S+)$/.exec(full) ?? [];
    if (!family && /^projects\/[a-z0-9.:-]+\/global\/images\/[a-z0-9-]+$/.test(full)) return;
    const name = family ?? "common-cu129-ubuntu-2404-nvidia-580";
    const message = family
      ? `${JSON.stringify(value)} is a family, and a newer image in it would replace the machine by surprise`
      : `${JSON.stringify(value)} is not an image's full name`;
    const instead = `projects/${project}/global/images/ and what this prints: gcloud compute images describe-from-family ${name} --project ${project} --format 'value(name)'`;
    context.addIssue({ code: "custom", message, params: { instead } });
  })
  .describe("Full name of one image: `projects/PROJECT/global/images/NAME`. Never a family, which moves.");

const access = z.discriminatedUnion("kind", [
  closedAccess("iap").describe(
    "Through Identity-Aware Proxy and no other way: no external address. Needs gcloud here.",
  ),
  publicAccess("IPv4").describe("A static external address, and SSH from the listed addresses only."),
]);

const member = shaped(
  /^(user|group|serviceAccount|domain|principal|principalSet):./,
  "user:…, group:… or serviceAccount:…",
  (value) => `user:${value}`,
);

const { gpu, ...common } = cloudSettings("Google");

const settings = z.strictObject({
  kind: z.literal("gcp"),
  project: shaped(
    /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    "a project's id",
    "one that this lists: gcloud projects list",
  ).describe("Project id: `my-project-123`."),
  zone: shaped(/^[a-z]+-[a-z]+\d+-[a-z]$/, "a zone such as europe-west4-a", (value) =>
    /^[a-z]+-[a-z]+\d+$/.test(value) ? `${value}-a` : "europe-west4-a",
  ).describe("Zone of machine and data disk: `europe-west4-a`."),
  machineType: z
    .string()
    .optional()
    .describe("Machine type: `g2-standard-8`. It must be there; without it, suggestions are made."),
  gpu: gpu.describe(
    "GPUs that the machine type must have. Default: whatever it has. On an n1 type this attaches them: T4, V100 or P100.",
  ),
  image: imageOf({ name: image }),
  access: oneAccess("iap", access)
    .default({ kind: "iap" })
    .describe("The way to the machine's SSH. Default: `kind: iap`."),
  tunnelMembers: eachOnce(member)
    .default([])
    .describe(
      "Who may open IAP tunnels to this machine, besides those with the right already: `user:you@example.com`.",
    ),
  network: z
    .strictObject({
      network: text
        .optional()
        .describe("Full name of the network: `projects/…/global/networks/NAME`. In `network` it must be there."),
      subnetwork: text
        .optional()
        .describe(
          "Full name of a subnetwork in the zone's region, with a way out to the internet. In `network` it must be there.",
        ),
    })
    .optional()
    .describe(
      "A network that exists: both `network` and `subnetwork`, by full name. The stack makes two firewall rules in it, for this machine alone: who may reach its SSH (priority 900), and that nobody else may (901), whatever a rule such as `default-allow-ssh` lets in. Rules of the network with a smaller number win over both. Default: one of the stack's own, with Cloud NAT.",
    ),
  bootDisk: z
    .strictObject({
      ...systemDisk,
      type: text.optional().describe("Default: `hyperdisk-balanced` for a3, a4, c4a and g4 types, else `pd-balanced`."),
    })
    .prefault({})
    .describe("The system's disk."),
  dataDisk: z
    .strictObject({
      ...dataDisk,
      type: text.optional().describe("Default: as for the boot disk."),
      snapshots: z
        .strictObject({
          hour: z.int().min(0).max(23).default(3).describe("Hour of the day in UTC."),
          keepDays: z.int().min(1).max(365).default(7).describe("Days that a snapshot is kept."),
        })
        .prefault({})
        .describe("One snapshot a day. Snapshots outlive the disk."),
    })
    .prefault({})
    .describe("The agent's files; outlives the machine."),
  kmsKey: shaped(
    /^projects\/.+\/cryptoKeys\/.+$/,
    "a key's full name",
    "projects/P/locations/L/keyRings/R/cryptoKeys/K",
  )
    .optional()
    .describe("Key for both disks: `projects/…/cryptoKeys/…`. Default: Google's own; disks are always encrypted."),
  secureBoot: z
    .boolean()
    .default(false)
    .describe(
      "Start only what is signed. NVIDIA's driver module often is not, and then no GPU is seen; so: only with an image whose driver is signed.",
    ),
  deletionProtection: z
    .boolean()
    .default(true)
    .describe(
      "Google itself refuses to delete the machine until this is false. What makes the machine anew, such as another image, is refused at preview until then; so it takes three applies: this to false, the change, this back to true.",
    ),
  labels: gcpLabels.default({}).describe("Labels on everything made, besides the stack's own."),
  ...common,
});

/** What the checks leave of it. */
export type GcpMachineSettings = Omit<z.output<typeof settings>, "machineType" | "gpu" | "network"> & {
  readonly machineType: string;
  readonly gpu?: "none" | Gpu;
  readonly network?: { readonly network: string; readonly subnetwork: string };
};

/** A GPU machine on Google Cloud, made by the stack. */
export const gcpMachine = settings
  .superRefine(refuse(checks), { when: () => true })
  .describe(
    "A machine on Google Cloud, made by the stack. The stack logs in as a user of its own, so OS Login is off on this machine: an organization that requires OS Login (`constraints/compute.requireOsLogin`) has Google refuse such a machine, and must except the project. What only Google knows is asked at preview, and what it does not answer is noted. Without any credentials there is no preview: Pulumi's provider for Google Cloud looks for them first, and fails.",
  );

function* checks(written: object): Iterable<Check> {
  const { zone, machineType, gpu, access, network, tunnelMembers } = mapping(written) ?? {};
  const attached = takesGpus(String(machineType)) ? mapping(gpu) : undefined;
  // The table says of an n1 type that it has no GPU.
  yield* cloudChecks(attached ? { ...written, gpu: undefined } : written, {
    types: gcpMachineTypes,
    attachable: attachableTo,
    key: "machineType",
    network: ["network", "a network", "projects/…/global/networks/NAME"],
    subnetwork: ["subnetwork", "a subnetwork", "projects/…/regions/…/subnetworks/NAME"],
  });
  if (attached) yield* attachedGpuChecks(attached);
  yield* regionChecks(zone, mapping(network)?.subnetwork);
  if (mapping(access)?.kind === "public" && Array.isArray(tunnelMembers) && tunnelMembers.length > 0) {
    const message = "IAP tunnels beside access public would be a second way in";
    yield check(["tunnelMembers"], message, "leave it out, or access: { kind: iap }");
  }
}

/** A subnetwork is of one region, which its full name tells. */
function* regionChecks(zone: unknown, subnetwork: unknown): Iterable<Check> {
  const [, region] = /^(.+)-[a-z]$/.exec(String(zone)) ?? [];
  const [, other] = /(?:^|\/)regions\/([^/]+)\/subnetworks\//.exec(String(subnetwork)) ?? [];
  if (region === undefined || other === undefined || region === other) return;
  const message = `${JSON.stringify(subnetwork)} is in ${other}, and the zone ${zone} is not`;
  yield check(["network", "subnetwork"], message, `a subnetwork of ${region}, or a zone of ${other}`);
}
