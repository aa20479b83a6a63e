import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { gcpMachineTypes, takesGpus } from "../../components/machine/gpu-table-gcp.ts";
import { hourlyPrice } from "../../components/machine/machine-types.ts";
import { provideMachine } from "../../components/machine/provide-machine.ts";
import { parse as check } from "../../policies/parse.ts";
import { Workspace } from "../../resources/workspace.ts";
import type { GcpMachineSettings } from "../../stacks/machine-kinds/gcp.ts";
import { machineSettings } from "../../stacks/machine-kinds/index.ts";
import { type DeclaredResource, declare, graphText, logged } from "../support/declared-graph.ts";

const least = {
  kind: "gcp",
  project: "my-project-123",
  zone: "europe-west4-a",
  machineType: "g2-standard-8",
  image: { name: "projects/deeplearning-platform-release/global/images/common-cu129-ubuntu-2404-nvidia-580-v20261101" },
};

function declared(written: object, call = google({}), stack = "test"): Promise<DeclaredResource[]> {
  const checked = check(machineSettings, { ...least, ...written });
  if (checked.faults) throw new Error(checked.faults.map(({ message }) => message).join("\n"));
  const settings = checked.value as GcpMachineSettings;
  return declare(
    async () => {
      const on = await provideMachine("machine", settings);
      new Workspace(
        "workspace",
        { machine: on.machine, sandbox: "main" },
        on.deletedWith && { deletedWith: on.deletedWith },
      );
    },
    {
      stack,
      outputs: (type, name) => ({
        ...(type.endsWith("SshKeyPair") && { publicKey: `ssh-ed25519 ${name}`, privateKey: `private ${name}\n` }),
        ...(type.startsWith("gcp:") && { name: `${name}-name` }),
        ...(type.endsWith(":Account") && { email: "machine@my-project-123.iam.gserviceaccount.com" }),
        ...(type.endsWith(":Address") && { address: "198.51.100.9" }),
        ...(type.endsWith("instance:Instance") && { instanceId: "4711" }),
      }),
      call,
    },
  );
}

/** What Google answers. */
function google({ architecture = "X86_64", offered = true, missing = false, zone = true }) {
  return (token: string, { filter }: Record<string, unknown>) => {
    const [, name] = /name = "([^"]+)"/.exec(String(filter)) ?? [];
    if (token.includes("getMachineTypes") && !zone)
      throw new Error("googleapi: Error 400: Invalid value for field 'zone': 'europe-west4-a'. Unknown zone., invalid");
    if (token.includes("getMachineTypes")) return { machineTypes: offered ? [{ name }] : [] };
    const [, asked = architecture] = /architecture = "([^"]+)"/.exec(String(filter)) ?? [];
    return { images: missing || asked !== architecture ? [] : [{ name }] };
  };
}

/** Faults as one line each. */
function faults(change: object): string[] {
  const found = check(machineSettings, { ...least, ...change }).faults ?? [];
  return found.map(({ keys, message, instead }) => `${keys.join(".")}: ${message} | ${instead ?? ""}`);
}

const one = (resources: readonly DeclaredResource[], type: string) => {
  const found = resources.filter((each) => each.type.endsWith(type));
  expect(found.map(({ name }) => name)).toHaveLength(1);
  return found[0] as DeclaredResource;
};

describe("the least of a machine on Google Cloud", () => {
  let resources: DeclaredResource[];
  beforeAll(async () => {
    resources = await declared({});
  });

  test("the whole graph, as a reviewer reads it", async () => {
    await expect(graphText(resources)).toMatchFileSnapshot("../golden/gcp-iap.yaml");
  });

  test("has no external address, and only Identity-Aware Proxy reaches SSH", () => {
    const [network] = one(resources, "instance:Instance").inputs.networkInterfaces as object[];
    expect(network).not.toHaveProperty("accessConfigs");
    expect(one(resources, ":Firewall").inputs).toMatchObject({
      sourceRanges: ["35.235.240.0/20"],
      allows: [{ protocol: "tcp", ports: ["22"] }],
      targetServiceAccounts: ["machine@my-project-123.iam.gserviceaccount.com"],
    });
    expect(resources.filter(({ type }) => type.endsWith(":RouterNat"))).toHaveLength(1);
  });

  test("is shielded, is stopped for maintenance as a GPU demands, and is protected", () => {
    expect(one(resources, "instance:Instance").inputs).toMatchObject({
      shieldedInstanceConfig: { enableVtpm: true, enableIntegrityMonitoring: true, enableSecureBoot: false },
      scheduling: { onHostMaintenance: "TERMINATE", automaticRestart: true, provisioningModel: "STANDARD" },
      deletionProtection: true,
    });
  });

  test("lists no accelerator, since its type has the GPU built in", () => {
    expect(one(resources, "instance:Instance").inputs).not.toHaveProperty("guestAccelerators");
    expect(one(resources, ":Workspace").inputs.machine).toMatchObject({ gpu: { model: "L4", count: 1 } });
  });

  test("runs as an account of its own, without a role", () => {
    expect(one(resources, ":Account").inputs).toMatchObject({ accountId: "nemoclaw-test" });
    expect(resources.filter(({ type }) => /IAM(Member|Binding)/.test(type))).toEqual([]);
  });

  test("whose name tells two stacks apart however long and whatever their names are", async () => {
    const long = ["production-europe-west4-a", "production-europe-west4-b", "production-europe-west1-a"];
    const ids = new Map<string, unknown>();
    for (const stack of [...long, "Dev.a", "dev-a", "dev_a", "x".repeat(21), "x".repeat(22)]) {
      ids.set(stack, one(await declared({}, google({}), stack), ":Account").inputs.accountId);
    }
    expect(new Set(ids.values()).size).toBe(ids.size);
    for (const id of ids.values()) expect(id).toMatch(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/);
    expect(ids.get("dev-a")).toBe("nemoclaw-dev-a");
  });

  test("keeps OS Login and the project's keys out", () => {
    const { metadata } = one(resources, "instance:Instance").inputs as { metadata: Record<string, string> };
    expect(metadata).toMatchObject({ "enable-oslogin": "FALSE", "block-project-ssh-keys": "TRUE" });
    const document = parse(metadata["user-data"] ?? "");
    expect(document.ssh_keys.ed25519_private).toBe("private machine-bootstrap-key\n");
    expect(document.write_files[0].content).toContain("set_host_keys = false");
    expect(metadata["user-data"]).toContain("/dev/disk/by-id/google-nemoclaw-data ");
  });

  test("has a data disk that is protected, outlives it, and is copied every day", () => {
    const disk = one(resources, "disk:Disk");
    expect(disk.options).toMatchObject({ protect: true });
    expect(disk.options).not.toHaveProperty("deletedWith");
    expect(one(resources, "instance:Instance").inputs.attachedDisks).toEqual([
      { source: "machine-data-id", deviceName: "nemoclaw-data", mode: "READ_WRITE" },
    ]);
    expect(one(resources, ":ResourcePolicy").inputs.snapshotSchedulePolicy).toMatchObject({
      schedule: { dailySchedule: { daysInCycle: 1, startTime: "03:00" } },
      retentionPolicy: { maxRetentionDays: 7, onSourceDiskDelete: "KEEP_AUTO_SNAPSHOTS" },
    });
  });

  test("is reached by gcloud, by its name, and proves itself with the final key", () => {
    const { machine } = one(resources, ":Workspace").inputs as {
      machine: { id: string; hostKeys: string[]; via: { argv: string[] } };
    };
    expect(machine.via.argv.join(" ")).toBe(
      "gcloud compute start-iap-tunnel machine-instance-name 22 --listen-on-stdin --project my-project-123 --zone europe-west4-a --verbosity=warning",
    );
    expect(machine).toMatchObject({ id: "machine-identity-id", hostKeys: ["ssh-ed25519 machine-host-key"] });
  });
});

describe("a machine on Google Cloud", () => {
  test("with public access: the graph", async () => {
    const resources = await declared({
      machineType: "n1-standard-4",
      gpu: { model: "t4", count: 2 },
      access: { kind: "public", cidrs: ["203.0.113.0/24"] },
      spot: true,
      labels: { team: "agents" },
      kmsKey: "projects/p/locations/l/keyRings/r/cryptoKeys/k",
      dataDisk: { size: 200, protect: false, reason: "a lab", snapshots: { hour: 22, keepDays: 30 } },
    });
    await expect(graphText(resources)).toMatchFileSnapshot("../golden/gcp-public.yaml");
    const { inputs } = one(resources, "instance:Instance");
    expect(inputs).toMatchObject({
      guestAccelerators: [{ type: "nvidia-tesla-t4", count: 2 }],
      scheduling: {
        provisioningModel: "SPOT",
        preemptible: true,
        automaticRestart: false,
        instanceTerminationAction: "STOP",
      },
      networkInterfaces: [{ accessConfigs: [{ natIp: "198.51.100.9" }] }],
    });
    expect(one(resources, ":Firewall").inputs.sourceRanges).toEqual(["203.0.113.0/24"]);
    expect(resources.filter(({ type }) => type.endsWith(":RouterNat"))).toEqual([]);
    expect(one(resources, "disk:Disk").inputs).toMatchObject({ labels: { "accepted-risk": "a-lab" } });
    expect(one(resources, ":Workspace").inputs.machine).toMatchObject({ address: "198.51.100.9" });
  });

  const network = {
    network: "projects/my-project-123/global/networks/n",
    subnetwork: "projects/my-project-123/regions/europe-west4/subnetworks/s",
  };

  test("in a given network, with members who may open tunnels", async () => {
    const resources = await declared({ network, tunnelMembers: ["group:agents@example.com"] });
    expect(resources.filter(({ type }) => /:(Network|Subnetwork|Router)$/.test(type))).toEqual([]);
    await expect(graphText(resources)).toMatchFileSnapshot("../golden/gcp-given-network.yaml");
    expect(one(resources, ":TunnelInstanceIAMMember").inputs).toMatchObject({
      member: "group:agents@example.com",
      role: "roles/iap.tunnelResourceAccessor",
    });
  });

  test("with public access in a given network: the graph", async () => {
    const resources = await declared({ network, access: { kind: "public", cidrs: ["203.0.113.0/24"] } });
    await expect(graphText(resources)).toMatchFileSnapshot("../golden/gcp-public-given-network.yaml");
  });

  // The default network lets everybody reach SSH with priority 65534, and rules of other people have 1000 as a rule.
  test.each([
    [{ kind: "public", cidrs: ["203.0.113.0/24"] }, "203.0.113.0/24"],
    [{ kind: "iap" }, "35.235.240.0/20"],
  ])(
    "in a given network is reached by whom its access names, whatever other rules let in: %j",
    async (access, from) => {
      const rules = (await declared({ network, access })).filter(({ type }) => type.endsWith(":Firewall"));
      const ssh = [{ protocol: "tcp", ports: ["22"] }];
      const machine = {
        network: network.network,
        targetServiceAccounts: ["machine@my-project-123.iam.gserviceaccount.com"],
      };
      const ordered = rules.map(({ inputs }) => inputs).toSorted((a, b) => Number(a.priority) - Number(b.priority));
      expect(ordered).toEqual([
        expect.objectContaining({ ...machine, allows: ssh, sourceRanges: [from] }),
        expect.objectContaining({ ...machine, denies: ssh, sourceRanges: ["0.0.0.0/0"] }),
      ]);
      expect(Number(ordered[0]?.priority)).toBeLessThan(Number(ordered[1]?.priority));
      expect(Number(ordered[1]?.priority)).toBeLessThan(1000);
      expect(one(await declared({ network, access }), ":MachineIdentity").options.dependsOn).toEqual(
        expect.arrayContaining(rules.map(({ type, name }) => `${type} ${name}`)),
      );
    },
  );

  test("with secure boot, where the image's driver is signed", async () => {
    const resources = await declared({ secureBoot: true });
    expect(one(resources, "instance:Instance").inputs.shieldedInstanceConfig).toEqual({
      enableSecureBoot: true,
      enableVtpm: true,
      enableIntegrityMonitoring: true,
    });
  });

  test("with as many GPUs as its model allows", async () => {
    const resources = await declared({ machineType: "n1-standard-16", gpu: { model: "V100", count: 8 } });
    expect(one(resources, "instance:Instance").inputs.guestAccelerators).toEqual([
      { type: "nvidia-tesla-v100", count: 8 },
    ]);
  });

  test("marks a data disk that may be deleted with the reason in a label's letters", async () => {
    const resources = await declared({ dataDisk: { protect: false, reason: "It's a LAB: サーバー!" } });
    expect(one(resources, "disk:Disk").inputs).toMatchObject({ labels: { "accepted-risk": "it-s-a-lab-サ-バ" } });
  });

  test("of the large kinds, on the disks that they take", async () => {
    const resources = await declared({ machineType: "g4-standard-48" });
    expect(one(resources, "disk:Disk").inputs.type).toBe("hyperdisk-balanced");
  });
});

describe("bad input is told at preview, all at once, with the nearest right value", () => {
  test("many faults together", () => {
    const found = faults({
      zone: "europe-west4",
      machineType: "n1-standard-4",
      gpu: { model: "L4", count: 3 },
      image: { name: "projects/p/global/images/family/ubuntu" },
      network: { network: "n" },
      dataDisk: { protect: false },
    });
    expect(found).toEqual([
      expect.stringMatching(/^zone: .*expected a zone such as europe-west4-a/),
      expect.stringMatching(
        /^image\.name: .* is a family, .*gcloud compute images describe-from-family ubuntu --project p /,
      ),
      expect.stringMatching(/^network\.subnetwork: a network without its subnetwork \| subnetwork: projects/),
      expect.stringMatching(/^dataDisk\.reason: /),
      expect.stringMatching(/^gpu\.model: "L4" cannot be attached to an n1 type; .*\| machineType: g2-standard-4$/),
      "gpu.count: an n1 type takes 1, 2, 4, 8 GPUs, not 3 | 2",
    ]);
  });

  test.each([
    [{ machineType: "g2-standard8" }, "is not in this project's table of machine types | g2-standard-8, or"],
    [
      { machineType: undefined, gpu: { model: "H200" } },
      "machineType is missing; expected a machine type | a3-ultragpu-8g",
    ],
    [
      { machineType: "e2-standard-4", gpu: { model: "L4" } },
      "e2-standard-4 has no GPU, and the stack wants 1 × L4 | g2-standard-4",
    ],
    [
      { machineType: "e2-standard-4", gpu: { model: "v100" } },
      "machineType: e2-standard-4 has no GPU, and the stack wants 1 × v100 | n1-standard-4 (takes 1, 2, 4, 8 × V100)",
    ],
    [
      { machineType: undefined, gpu: { model: "T4" } },
      "machineType is missing; expected a machine type | n1-standard-4 (takes 1, 2, 4 × T4)",
    ],
    [
      { machineType: "x1-standard-9", gpu: { model: "P100" } },
      "of machine types | n1-standard-2, or n1-standard-4 (takes 1, 2, 4 × P100); or accept: [unlisted-type]",
    ],
    [{ gpu: { model: "V10" } }, '"V10" is no GPU that this cloud\'s table has; it has L4, RTX'],
    [{ gpu: { model: "V10" } }, "T4, V100, P100 | V100"],
    [{ gpu: { count: 1 } }, "gpu.model: a GPU count without a GPU model | gpu: { model: L4, count: 1 }"],
    [
      { machineType: "n1-standard-5", gpu: { model: "T4", count: 1 } },
      '"n1-standard-5" is not in this project\'s table of machine types | n1-standard-2, or',
    ],
    [
      { machineType: "n1-standard-4", gpu: { count: 2 } },
      "gpu.model: a GPU count without a GPU model | gpu: { model: T4, count: 2 }",
    ],
    [
      { machineType: "n1-standard-4", gpu: { model: "T4" }, image: { ...least.image, arch: "arm64" } },
      "the image is for arm64, and n1-standard-4 is amd64",
    ],
    [
      { machineType: "n1-standard-16", gpu: { model: "P100", count: 8 } },
      "gpu.count: an n1 type takes 1, 2, 4 GPUs of P100, not 8 | 4",
    ],
    [{ zone: "europe-west4" }, "expected a zone such as europe-west4-a | europe-west4-a"],
    [{ network: {} }, "network: a network without a subnetwork"],
    [{ access: "iap" }, "expected a mapping | access: { kind: iap }"],
    [{ image: { ...least.image, arch: "arm64" } }, "the image is for arm64, and g2-standard-8 is amd64"],
    [{ access: ["iap"] }, "a machine has one access mode"],
    [{ access: { kind: "iap", cidrs: ["203.0.113.0/24"] } }, "access.cidrs: addresses are let in by access public"],
    [{ access: { kind: "public", cidrs: ["0.0.0.0/0"] } }, "opens SSH to the whole internet"],
    [
      { access: { kind: "public", cidrs: ["203.0.113.0/24"] }, tunnelMembers: ["user:a@example.com"] },
      "a second way in",
    ],
    [{ tunnelMembers: ["a@example.com"] }, "expected user:…"],
    [
      { tunnelMembers: ["user:a@example.com", "group:b@example.com", "user:a@example.com"] },
      'tunnelMembers.2: "user:a@example.com" stands in the list already | leave it out here',
    ],
    [
      { access: { kind: "public", cidrs: ["203.0.113.0/24", "203.0.113.0/24"] } },
      'access.cidrs.1: "203.0.113.0/24" stands in the list already | leave it out here',
    ],
    [
      { labels: { team: "X Y" } },
      'labels.team: "X Y": expected a label\'s value: up to 63 small letters, digits, _ and - | x-y',
    ],
    [{ labels: { "2 Teams": "x" } }, 'labels.2 Teams: "2 Teams": expected a label\'s key: a small letter'],
    [{ labels: { "2 Teams": "x" } }, "| teams"],
    [{ dataDisk: { protect: false, reason: "!!!" } }, 'dataDisk.reason: "!!!" has no word in it | why, in a few words'],
    [{ network: { subnetwork: "s" } }, "network.network: a subnetwork without its network | network: projects/"],
    [
      { network: { network: "n", subnetwork: "projects/p/regions/us-central1/subnetworks/s" } },
      's" is in us-central1, and the zone europe-west4-a is not | a subnetwork of europe-west4, or a zone of us-central1',
    ],
    [{ project: "My Project" }, "expected a project's id"],
  ])("%j", (change, said) => {
    expect(faults(change)).toContainEqual(expect.stringContaining(said));
  });

  test("addresses that the machine's own is not reached from are told once, each with its path", () => {
    const cidrs = ["203.0.113.0/24", "2001:db8::/48", "2001:db8::1", "::/0"];
    const found = faults({ access: { kind: "public", cidrs } });
    expect(found).toEqual(
      [1, 2, 3].map((index) =>
        expect.stringMatching(
          new RegExp(
            `^access\\.cidrs\\.${index}: "${cidrs[index]}" is IPv6, .*\\| the IPv4 addresses that you come from`,
          ),
        ),
      ),
    );
  });

  test("a GPU that is attached, wanted of another type, is told once", () => {
    expect(faults({ gpu: { model: "T4" } })).toEqual([
      "machineType: g2-standard-8 has 1 × L4, and the stack wants 1 × T4 | n1-standard-4 (takes 1, 2, 4 × T4)",
    ]);
    expect(faults({ machineType: "g9-standard-4", accept: ["unlisted-type"], gpu: { model: "T4" } })).toEqual([]);
  });
});

// The settings refuse it too; a program that gives the component its own would get past them.
test.each(["0.0.0.0/0", "128.0.0.0/1"])(
  "the component itself opens SSH to nobody who is everybody: %s",
  async (everybody) => {
    const { value } = check(machineSettings, least) as { value: GcpMachineSettings };
    const access = { kind: "public" as const, cidrs: [everybody] };
    const program = declare(() => provideMachine("machine", { ...value, access }));
    await expect(program).rejects.toThrow(/may reach SSH[\s\S]*no-open-ssh/);
  },
);

describe("what only Google knows", () => {
  test.each([
    [
      { architecture: "ARM64" },
      /machine\.image\.arch\n.* is built for arm64, and the stack says amd64\n {2}instead: arm64/,
    ],
    [{ offered: false }, /machine\.zone\n {2}europe-west4-a does not offer g2-standard-8/],
    [
      { zone: false },
      /machine\.zone\n {2}Google Cloud has no zone europe-west4-a\n {2}instead: .*gcloud compute zones list/,
    ],
    [{ missing: true }, /machine\.image\.name\n {2}project deeplearning-platform-release has no image common-cu129/],
  ])("is asked, and fails the preview: %j", async (answer, said) => {
    const { errors, warnings } = await logged(() => declared({}, google(answer)));
    expect(errors).toEqual([expect.stringMatching(said)]);
    expect(warnings).toEqual([]);
  });

  test("is noted where its provider cannot ask it: whether the zone has a GPU that is attached", async () => {
    const attached = { machineType: "n1-standard-4", gpu: { model: "t4" } };
    const { errors, warnings, notes } = await logged(() => declared(attached));
    expect([...errors, ...warnings]).toEqual([]);
    expect(notes).toEqual([
      expect.stringMatching(
        /not asked whether europe-west4-a has t4, .*accelerator-types list --filter name=nvidia-tesla-t4$/,
      ),
    ]);
    expect((await logged(() => declared({}))).notes).toEqual([]);
  });

  test("is noted where there are no credentials to ask with, and nothing fails", async () => {
    const refuse = () => {
      throw new Error("could not find default credentials");
    };
    const { errors, warnings } = await logged(() => declared({}, refuse));
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/^Google Cloud could not be asked about the image .*default credentials/s),
      expect.stringMatching(/^Google Cloud could not be asked about whether europe-west4-a offers g2-standard-8/),
    ]);
  });
});

test("a type that GPUs are attached to has them in no price", () => {
  const without = gcpMachineTypes.filter((type) => hourlyPrice(type).endsWith(" an hour without attached GPUs"));
  expect(without).toEqual(gcpMachineTypes.filter(({ name }) => takesGpus(name)));
  expect(without.map(({ name }) => name)).toContain("n1-standard-4");
});

test("the table has each machine type once", () => {
  const names = gcpMachineTypes.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
