import { z } from "zod";
import {
  attachableCounts,
  attachableGpus,
  gcpMachineTypes,
  takesGpus,
} from "../../components/machine/gpu-table-gcp.ts";
import { type Gpu, sameModel } from "../../components/machine/machine-types.ts";
import { type Check, check, refuse } from "../../policies/check.ts";
import { nearest } from "../../policies/nearest.ts";
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
  closedAccess("iap").describe("Through Identity-Aware Proxy: no external address. Needs gcloud here."),
  publicAccess.describe("A static external address, and SSH from the listed addresses only."),
]);

const member = text.regex(/^(user|group|serviceAccount|domain|principal|principalSet):/, {
  error: "expected user:…, group:… or serviceAccount:…",
});

const settings = z.strictObject({
  kind: z.literal("gcp"),
  project: z
    .string()
    .regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, { error: "expected a project's id, such as my-project-123" })
    .describe("Project id."),
  zone: z
    .string()
    .regex(/^[a-z]+-[a-z]+\d+-[a-z]$/, { error: "expected a zone such as europe-west4-a" })
    .describe("Zone of machine and data disk: `europe-west4-a`."),
  machineType: z
    .string()
    .optional()
    .describe("Machine type: `g2-standard-8`. It must be there; without it, suggestions are made."),
  gpu: wantedGpu.describe(
    "GPUs that the machine type must have. Default: whatever it has. On an n1 type this attaches them: T4, V100 or P100.",
  ),
  image: z.strictObject({ name: image, arch: arch.default("amd64").describe("What the image is built for.") }),
  access: oneAccess("iap", access).default({ kind: "iap" }).describe("The way to the machine's SSH."),
  tunnelMembers: z
    .array(member)
    .default([])
    .describe(
      "Who may open IAP tunnels to this machine, besides those with the right already: `user:you@example.com`.",
    ),
  network: z
    .strictObject({
      network: text.optional().describe("Full name of the network: `projects/…/global/networks/NAME`."),
      subnetwork: text
        .optional()
        .describe("Full name of a subnetwork in the zone's region, with a way out to the internet."),
    })
    .optional()
    .describe(
      "A network that exists: both `network` and `subnetwork`, by full name. Default: one of the stack's own, with Cloud NAT.",
    ),
  authorizedKey,
  bootDisk: z
    .strictObject({
      size: gib(30).default(100).describe("GiB. Deleted with the machine."),
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
  kmsKey: text
    .regex(/^projects\/.+\/cryptoKeys\/.+$/, { error: "expected projects/…/cryptoKeys/…" })
    .optional()
    .describe("Key for both disks. Default: Google's own; disks are always encrypted."),
  secureBoot: z
    .boolean()
    .default(false)
    .describe(
      "Start only what is signed. NVIDIA's driver module often is not, and then no GPU is seen; so: only with an image whose driver is signed.",
    ),
  spot: z.boolean().default(false).describe("Spare capacity: cheaper, and stopped when Google needs it back."),
  deletionProtection: z
    .boolean()
    .default(true)
    .describe("Google itself refuses to delete the machine until this is false."),
  labels: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().regex(/^[a-z0-9_-]{0,63}$/))
    .default({})
    .describe("Labels on everything made, besides the stack's own."),
  accept: cloudAccepts,
});

/** What the checks leave of it. */
export type GcpMachineSettings = Omit<z.output<typeof settings>, "machineType" | "gpu" | "network"> & {
  readonly machineType: string;
  readonly gpu?: "none" | Gpu;
  readonly network?: { readonly network: string; readonly subnetwork: string };
};

/** A GPU machine on Google Cloud, made by the stack. */
export const gcpMachine = settings.superRefine(refuse(checks), { when: () => true });

// Runs on half-right input too, so that one preview tells everything; so nothing here may be taken as given.
function* checks(written: Partial<z.output<typeof settings>>): Iterable<Check> {
  const { network, image: source, machineType, gpu, accept, access: way, tunnelMembers } = written ?? {};
  const name = typeof machineType === "string" ? machineType : undefined;
  const wanted = typeof gpu === "object" ? gpu : undefined;
  if (name && takesGpus(name) && wanted?.model !== undefined) yield* attached(wanted.model, wanted.count ?? 1);
  else {
    yield* typeChecks({
      types: gcpMachineTypes,
      key: "machineType",
      name,
      gpu: gpu === "none" ? "none" : wanted,
      imageArch: source?.arch,
      accept: Array.isArray(accept) ? accept : [],
    });
  }
  if (network && !(network.network && network.subnetwork)) {
    const missing = network.network ? "subnetwork" : "network";
    const message = network.network ? "a network without a subnetwork" : "a subnetwork without its network";
    yield check(
      ["network", missing],
      message,
      `${missing}: projects/…/${missing === "network" ? "global/networks" : "regions/…/subnetworks"}/NAME`,
    );
  }
  if (way?.kind === "public" && Array.isArray(tunnelMembers) && tunnelMembers.length > 0) {
    yield check(
      ["tunnelMembers"],
      "IAP tunnels beside access public would be a second way in",
      "leave it out, or access: { kind: iap }",
    );
  }
  yield* dataDiskChecks(written?.dataDisk ?? {});
}

function* attached(model: string, count: number): Iterable<Check> {
  const models = Object.keys(attachableGpus);
  if (!models.some((known) => sameModel(known, model))) {
    const built = gcpMachineTypes.find(({ gpu }) => gpu !== "none" && sameModel(gpu.model, model));
    const message = `${JSON.stringify(model)} cannot be attached to an n1 type; these can: ${models.join(", ")}`;
    yield check(["gpu", "model"], message, built ? `machineType: ${built.name}` : (nearest(model, models) ?? "T4"));
  }
  if (!attachableCounts.includes(count)) {
    const near = attachableCounts.findLast((each) => each <= count) ?? 1;
    yield check(["gpu", "count"], `an n1 type takes ${attachableCounts.join(", ")} GPUs, not ${count}`, `${near}`);
  }
}
