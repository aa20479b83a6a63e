import { Address } from "@pulumi/gcp/compute/address.js";
import { Instance } from "@pulumi/gcp/compute/instance.js";
import { TunnelInstanceIAMMember } from "@pulumi/gcp/iap/tunnelInstanceIAMMember.js";
import { Provider } from "@pulumi/gcp/provider.js";
import { Account } from "@pulumi/gcp/serviceaccount/account.js";
import * as pulumi from "@pulumi/pulumi";
import type { MachineInputs } from "../../resources/machine-inputs.ts";
import { type CloudKeys, cloudUser, identify, makeKeys, type UserKey } from "./cloud-identity.ts";
import { cloudConfig } from "./cloud-init.ts";
import { type GcpDataDiskArgs, gcpDataDisk } from "./gcp-data-disk.ts";
import { type GcpAccess, gcpNetwork } from "./gcp-network.ts";
import { askGcp } from "./gcp-questions.ts";
import { attachableGpus, gcpMachineTypes, takesGpus } from "./gpu-table-gcp.ts";
import { guarded } from "./guarded.ts";
import { type Arch, type Gpu, sameModel } from "./machine-types.ts";
import type { ProvidedMachine } from "./provided-machine.ts";

export interface GcpMachineArgs extends UserKey {
  readonly project: string;
  readonly zone: string;
  readonly machineType: string;
  /** What is attached to an n1 machine, or what a type has that this project's table does not know. */
  readonly gpu?: "none" | Gpu;
  readonly image: { readonly name: string; readonly arch: Arch };
  readonly access: GcpAccess;
  readonly tunnelMembers: readonly string[];
  readonly network?: { readonly network: string; readonly subnetwork: string };
  readonly bootDisk: { readonly size: number; readonly type?: string };
  readonly dataDisk: GcpDataDiskArgs;
  readonly kmsKey?: string;
  readonly secureBoot: boolean;
  readonly spot: boolean;
  readonly deletionProtection: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

const dataDevice = "nemoclaw-data";

/** A machine on Compute Engine with its network, its disks and its identity. The data disk outlives it and goes to the next one. */
export class GcpMachine extends pulumi.ComponentResource implements ProvidedMachine {
  readonly machine: MachineInputs;
  readonly deletedWith: pulumi.Resource;

  constructor(name: string, args: GcpMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("nemoclaw:index:GcpMachine", name, {}, guarded(opts));
    const { project, zone, access, machineType, kmsKey, spot } = args;
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
    const type = /^(a3|a4x?|c4a|g4)-/.test(machineType) ? "hyperdisk-balanced" : "pd-balanced";
    const data = gcpDataDisk(name, args.dataDisk, { zone, region, type, kmsKey }, child);
    const address = access.kind === "public" ? new Address(`${name}-address`, { region }, child) : undefined;

    const gpu = gpuOf(args);
    const box = new Instance(
      `${name}-instance`,
      {
        zone,
        machineType,
        bootDisk: {
          autoDelete: true,
          initializeParams: { image: args.image.name, size: args.bootDisk.size, type: args.bootDisk.type ?? type },
          kmsKeySelfLink: kmsKey,
        },
        attachedDisks: [{ source: data.id, deviceName: dataDevice, mode: "READ_WRITE" }],
        networkInterfaces: [
          { subnetwork: network.subnetwork, ...(address ? { accessConfigs: [{ natIp: address.address }] } : {}) },
        ],
        serviceAccount: { email: account.email, scopes: ["logging-write", "monitoring-write"] },
        shieldedInstanceConfig: {
          enableSecureBoot: args.secureBoot,
          enableVtpm: true,
          enableIntegrityMonitoring: true,
        },
        scheduling: spot
          ? {
              onHostMaintenance: "TERMINATE",
              automaticRestart: false,
              provisioningModel: "SPOT",
              preemptible: true,
              // Stopped rather than deleted, so that it comes back as the same machine.
              instanceTerminationAction: "STOP",
            }
          : { onHostMaintenance: "TERMINATE", automaticRestart: true, provisioningModel: "STANDARD" },
        // On every other type GPUs are built in, and an empty list here would be a difference for ever.
        ...(takesGpus(machineType) && gpu !== "none" ? { guestAccelerators: [accelerator(gpu)] } : {}),
        metadata: {
          "user-data": userData(keys),
          // OS Login would take the place of the one user and key that the stack makes.
          "enable-oslogin": "FALSE",
          "block-project-ssh-keys": "TRUE",
          "serial-port-enable": "FALSE",
        },
        deletionProtection: args.deletionProtection,
        allowStoppingForUpdate: true,
      },
      {
        ...child,
        // The data disk can be in one machine only, and GPU quotas are small.
        deleteBeforeReplace: true,
        // It is read at the first boot only.
        ignoreChanges: ['metadata["user-data"]'],
      },
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
        gpu,
      },
      { box, after: [...network.doors, ...tunnels], parent: this },
    );
    this.registerOutputs({});
  }
}

function gpuOf({ machineType, gpu = "none" }: GcpMachineArgs): "none" | Gpu {
  const type = gcpMachineTypes.find(({ name }) => name === machineType);
  return type === undefined || takesGpus(machineType) ? gpu : type.gpu;
}

function accelerator({ model, count }: Gpu) {
  const [, type = model] = Object.entries(attachableGpus).find(([known]) => sameModel(known, model)) ?? [];
  return { type, count };
}

function userData({ bootstrap, authorizedKey }: CloudKeys): pulumi.Output<string> {
  const { publicKey, privateKey } = bootstrap;
  return pulumi.all([publicKey, privateKey, authorizedKey]).apply(([publicHalf, privateHalf, login]) =>
    cloudConfig({
      user: cloudUser,
      authorizedKey: login,
      hostKey: { publicKey: publicHalf, privateKey: privateHalf },
      dataDevice: `/dev/disk/by-id/google-${dataDevice}`,
      // Google's guest agent makes host keys of its own at the first boot, unless told not to.
      files: [{ path: "/etc/default/instance_configs.cfg", content: "[InstanceSetup]\nset_host_keys = false\n" }],
    }),
  );
}

function iap(instance: pulumi.Output<string>, { project, zone }: GcpMachineArgs): pulumi.Input<string>[] {
  const where = ["--project", project, "--zone", zone];
  return [
    "gcloud",
    "compute",
    "start-iap-tunnel",
    instance,
    "22",
    "--listen-on-stdin",
    ...where,
    "--verbosity=warning",
  ];
}

function label(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "-")
    .slice(0, 63);
}

// Google wants 6 to 30 characters that start with a letter and end with none of the dashes.
function accountId(stack: string): string {
  return `nemoclaw-${label(stack).replaceAll("_", "-")}`.slice(0, 30).replace(/-+$/, "");
}
