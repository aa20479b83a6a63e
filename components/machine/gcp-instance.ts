import type { Address } from "@pulumi/gcp/compute/address.js";
import type { Disk } from "@pulumi/gcp/compute/disk.js";
import { Instance } from "@pulumi/gcp/compute/instance.js";
import type { Account } from "@pulumi/gcp/serviceaccount/account.js";
import * as pulumi from "@pulumi/pulumi";
import type { GcpNetwork } from "./gcp-network.ts";
import { attachableGpu, gcpMachineTypes, takesGpus } from "./gpu-table-gcp.ts";
import type { Arch, Gpu } from "./machine-types.ts";

export interface GcpInstanceArgs {
  readonly zone: string;
  readonly machineType: string;
  /** What is attached to an n1 machine, or what a type has that this project's table does not know. */
  readonly gpu?: "none" | Gpu;
  readonly image: { readonly name: string; readonly arch: Arch };
  readonly bootDisk: { readonly size: number; readonly type?: string };
  readonly kmsKey?: string;
  readonly secureBoot: boolean;
  readonly spot: boolean;
  readonly deletionProtection: boolean;
}

interface Around {
  readonly network: GcpNetwork;
  readonly address?: Address;
  readonly account: Account;
  /** The data disk, and what the machine finds it by. */
  readonly data: Disk;
  readonly deviceName: string;
  /** Type of a disk that this machine type takes. */
  readonly diskType: string;
  readonly userData: pulumi.Output<string>;
}

/** The machine itself: shielded, stopped for maintenance as GPUs demand, and open to the stack's own user alone. */
export function gcpInstance(
  name: string,
  args: GcpInstanceArgs,
  { network, address, account, data, deviceName, diskType, userData }: Around,
  child: pulumi.CustomResourceOptions,
): Instance {
  const { zone, machineType, bootDisk, kmsKey, image } = args;
  const gpu = gpuOf(args);
  return new Instance(
    `${name}-instance`,
    {
      zone,
      machineType,
      bootDisk: {
        autoDelete: true,
        initializeParams: { image: image.name, size: bootDisk.size, type: bootDisk.type ?? diskType },
        kmsKeySelfLink: kmsKey,
      },
      attachedDisks: [{ source: data.id, deviceName, mode: "READ_WRITE" }],
      networkInterfaces: [
        { subnetwork: network.subnetwork, ...(address ? { accessConfigs: [{ natIp: address.address }] } : {}) },
      ],
      serviceAccount: { email: account.email, scopes: ["logging-write", "monitoring-write"] },
      shieldedInstanceConfig: {
        enableSecureBoot: args.secureBoot,
        enableVtpm: true,
        enableIntegrityMonitoring: true,
      },
      scheduling: args.spot ? spare : standing,
      // On every other type GPUs are built in, and an empty list here would be a difference for ever.
      ...(takesGpus(machineType) && gpu !== "none" ? { guestAccelerators: [accelerator(gpu)] } : {}),
      metadata: {
        "user-data": userData,
        // OS Login would take the place of the one user and key that the stack makes.
        "enable-oslogin": "FALSE",
        "block-project-ssh-keys": "TRUE",
        "serial-port-enable": "FALSE",
      },
      deletionProtection: args.deletionProtection,
      allowStoppingForUpdate: true,
    },
    pulumi.mergeOptions(child, {
      // The data disk can be in one machine only, and GPU quotas are small.
      deleteBeforeReplace: true,
      // It is read at the first boot only.
      ignoreChanges: ['metadata["user-data"]'],
    }),
  );
}

/** The GPUs that the machine has: those of its type, or those that are attached. */
export function gpuOf({ machineType, gpu = "none" }: Pick<GcpInstanceArgs, "machineType" | "gpu">): "none" | Gpu {
  const type = gcpMachineTypes.find(({ name }) => name === machineType);
  return type === undefined || takesGpus(machineType) ? gpu : type.gpu;
}

const standing = { onHostMaintenance: "TERMINATE", automaticRestart: true, provisioningModel: "STANDARD" };
const spare = {
  onHostMaintenance: "TERMINATE",
  automaticRestart: false,
  provisioningModel: "SPOT",
  preemptible: true,
  // Stopped rather than deleted, so that it comes back as the same machine.
  instanceTerminationAction: "STOP",
};

function accelerator({ model, count }: Gpu) {
  return { type: attachableGpu(model)?.type ?? model, count };
}
