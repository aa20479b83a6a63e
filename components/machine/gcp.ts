import { createHash } from "node:crypto";
import { Address } from "@pulumi/gcp/compute/address.js";
import { TunnelInstanceIAMMember } from "@pulumi/gcp/iap/tunnelInstanceIAMMember.js";
import { Provider } from "@pulumi/gcp/provider.js";
import { Account } from "@pulumi/gcp/serviceaccount/account.js";
import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "../../resources/machine-inputs.ts";
import { identify, makeKeys, type UserKey } from "./cloud-identity.ts";
import { userData } from "./first-boot.ts";
import { type GcpDataDiskArgs, gcpDataDisk } from "./gcp-data-disk.ts";
import { type GcpInstanceArgs, gcpInstance, gpuOf } from "./gcp-instance.ts";
import { type GcpAccess, gcpNetwork } from "./gcp-network.ts";
import { askGcp } from "./gcp-questions.ts";
import { takesGpus, usualDiskType } from "./gpu-table-gcp.ts";
import { guarded } from "./guarded.ts";
import type { ProvidedMachine } from "./provided-machine.ts";
import { replacedKnowingly } from "./replacement.ts";

export interface GcpMachineArgs extends UserKey, GcpInstanceArgs {
  readonly project: string;
  readonly access: GcpAccess;
  readonly tunnelMembers: readonly string[];
  readonly network?: { readonly network: string; readonly subnetwork: string };
  readonly dataDisk: GcpDataDiskArgs;
  readonly labels: Readonly<Record<string, string>>;
}

const deviceName = "nemoclaw-data";
const dataDevice = `/dev/disk/by-id/google-${deviceName}`;
// Google's guest agent makes host keys of its own at the first boot, unless told not to.
const ownKeysOnly = {
  path: "/etc/default/instance_configs.cfg",
  content: "[InstanceSetup]\nset_host_keys = false\n",
};

/** A machine on Compute Engine with its network, its disks and its identity. The data disk outlives it and goes to the next one. */
export class GcpMachine extends pulumi.ComponentResource implements ProvidedMachine {
  readonly machine: MachineInputs;
  readonly deletedWith: pulumi.Resource;

  constructor(name: string, args: GcpMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:GcpMachine", name, {}, guarded(opts));
    const { project, zone, access, machineType, kmsKey } = args;
    const region = zone.replace(/-[a-z]$/, "");
    const stack = pulumi.getStack();
    const provider = new Provider(
      `${name}-gcp`,
      { project, region, zone, defaultLabels: { ...args.labels, "nemoclaw-stack": label(stack) } },
      { parent: this },
    );
    const child = { parent: this, provider };
    askGcp(args, child);

    const keys = makeKeys(name, args, this);
    // It may do nothing: no role is bound to it.
    const account = new Account(
      `${name}-account`,
      { accountId: accountId(stack), displayName: `NemoClaw machine of ${stack}`.slice(0, 100) },
      child,
    );
    const network = gcpNetwork(name, { region, given: args.network, access, runsAs: account.email }, child);
    const diskType = usualDiskType(machineType);
    const data = gcpDataDisk(name, args.dataDisk, { zone, region, type: diskType, kmsKey }, child);
    const address = access.kind === "public" ? new Address(`${name}-address`, { region }, child) : undefined;
    const protectedBy = args.deletionProtection ? "machine.deletionProtection" : undefined;
    const boot = userData(keys, dataDevice, [ownKeysOnly]);
    const box = gcpInstance(
      name,
      args,
      { network, address, account, data, deviceName, diskType, userData: boot },
      { ...child, ...replacedKnowingly(name, { keys, protectedBy, settings: fixed(args, diskType) }, this) },
    );
    const tunnels = args.tunnelMembers.map(
      (member) =>
        new TunnelInstanceIAMMember(
          `${name}-tunnel-${member}`,
          { project, zone, instance: box.name, member, role: "roles/iap.tunnelResourceAccessor" },
          child,
        ),
    );

    this.deletedWith = box;
    this.machine = identify(
      name,
      keys,
      {
        id: pulumi.interpolate`gcp:${box.instanceId}`,
        address: address?.address ?? box.name,
        port: 22,
        ...(access.kind === "public" ? {} : { via: { kind: "command", argv: iap(box.name, args) } }),
        arch: args.image.arch,
        gpu: gpuOf(args),
      },
      { box, after: [...network.doors, ...tunnels], parent: this },
    );
    this.registerOutputs({});
  }
}

// Google changes a machine's type in place, and so does it give it another account.
function fixed({ image, zone, bootDisk, network, kmsKey = "default", spot, ...args }: GcpMachineArgs, disk: string) {
  const gpu = takesGpus(args.machineType) ? gpuOf(args) : "none";
  return {
    "machine.image.name": image.name,
    "machine.zone": zone,
    "machine.bootDisk.size": bootDisk.size,
    "machine.bootDisk.type": bootDisk.type ?? disk,
    "machine.network.subnetwork": network?.subnetwork ?? "own",
    "machine.kmsKey": kmsKey,
    "machine.spot": spot,
    "machine.gpu": gpu === "none" ? gpu : `${gpu.count} × ${gpu.model}`,
  };
}

function iap(instance: pulumi.Output<string>, { project, zone }: GcpMachineArgs): pulumi.Input<string>[] {
  const tunnel = ["gcloud", "compute", "start-iap-tunnel", instance, "22", "--listen-on-stdin"];
  return [...tunnel, "--project", project, "--zone", zone, "--verbosity=warning"];
}

function label(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .slice(0, 63);
}

/**
 * Google wants 6 to 30 of these characters, and no dash at the end. What is cut or put in their place goes on in a short hash, or
 * two stacks of one project would have one account.
 */
function accountId(stack: string): string {
  const id = `nemoclaw-${stack}`;
  if (/^[a-z0-9-]{6,30}$/.test(id) && !id.endsWith("-")) return id;
  const hash = createHash("sha256").update(stack).digest("hex").slice(0, 6);
  const legible = `nemoclaw-${label(stack).replaceAll("_", "-")}`.slice(0, 23).replace(/-+$/, "");
  return `${legible}-${hash}`;
}
