import type * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { awsMachineTypes } from "../../components/machine/gpu-table-aws.ts";
import { suggestTypes } from "../../components/machine/machine-types.ts";
import { provideMachine } from "../../components/machine/provide-machine.ts";
import { parse as check } from "../../policies/parse.ts";
import { Workspace } from "../../resources/workspace.ts";
import type { AwsMachineSettings } from "../../stacks/machine-kinds/aws.ts";
import { machineSettings } from "../../stacks/machine-kinds/index.ts";
import { type DeclaredResource, declare, graphText, logged } from "../support/declared-graph.ts";

const least = {
  kind: "aws",
  region: "eu-central-1",
  zone: "eu-central-1a",
  instanceType: "g6.xlarge",
  image: { id: "ami-0123456789abcdef0" },
};
const publicAccess = { kind: "public", cidrs: ["203.0.113.0/24", "2001:db8::/48"] };

/** What a stack with this machine declares, with something that stands on the machine. */
function declared(written: object, privateKey?: pulumi.Input<string>, call = clouds({})): Promise<DeclaredResource[]> {
  const checked = check(machineSettings, { ...least, ...written });
  if (checked.faults) throw new Error(checked.faults.map(({ message }) => message).join("\n"));
  const settings = checked.value as AwsMachineSettings;
  return declare(
    async () => {
      const on = await provideMachine("machine", { ...settings, privateKey });
      new Workspace(
        "workspace",
        { machine: on.machine, sandbox: "main" },
        on.deletedWith && { deletedWith: on.deletedWith },
      );
    },
    {
      outputs: (type, name) => ({
        ...(type.endsWith("SshKeyPair") && { publicKey: `ssh-ed25519 ${name}`, privateKey: `private ${name}\n` }),
        ...(type.endsWith(":Eip") && { publicIp: "198.51.100.9" }),
        ...(/:(Role|InstanceProfile)$/.test(type) && { name: `${name}-name` }),
      }),
      call,
    },
  );
}

/** What AWS answers. */
function clouds({
  architecture = "x86_64",
  offered = ["g6.xlarge", "g5g.xlarge"],
  missing = false,
  subnet = { availabilityZone: "eu-central-1a", vpcId: "vpc-0123456789abcdef0" } as Record<string, unknown> | string,
}) {
  return (token: string) => {
    if (token.includes("getSubnet")) {
      if (typeof subnet === "string") throw new Error(subnet);
      return subnet;
    }
    if (!token.includes("getAmi")) return { instanceTypes: offered };
    if (missing) throw new Error("Your query returned no results. Please change your search criteria and try again.");
    return { architecture };
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

describe("the least of a machine on AWS", () => {
  let resources: DeclaredResource[];
  beforeAll(async () => {
    resources = await declared({});
  });

  test("the whole graph, as a reviewer reads it", async () => {
    await expect(graphText(resources)).toMatchFileSnapshot("../golden/aws-ssm.yaml");
  });

  test("lets nobody in, and asks nobody for the machine's credentials", () => {
    expect(resources.filter(({ type }) => /IngressRule|Eip|KeyPair$/.test(type) && type.startsWith("aws:"))).toEqual(
      [],
    );
    expect(one(resources, "securityGroup:SecurityGroup").inputs).not.toHaveProperty("ingress");
    expect(one(resources, ":Instance").inputs).toMatchObject({
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      disableApiTermination: true,
    });
  });

  test("its role may talk to Session Manager and do nothing else", () => {
    const policy = one(resources, ":RolePolicy").inputs.policy as { Statement: { Action: string[] }[] };
    const { Statement } = typeof policy === "string" ? JSON.parse(policy) : policy;
    expect(Statement.flatMap(({ Action }: { Action: string[] }) => Action)).toEqual([
      "ssm:UpdateInstanceInformation",
      ...["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"].map(
        (action) => `ssmmessages:${action}`,
      ),
    ]);
  });

  test("its disks are encrypted; the data disk is protected and outlives it", () => {
    const { inputs } = one(resources, ":Instance");
    expect(inputs.rootBlockDevice).toMatchObject({ volumeType: "gp3", encrypted: true, volumeSize: 100 });
    const volume = one(resources, ":Volume");
    expect(volume.inputs).toMatchObject({ type: "gp3", encrypted: true, size: 50, finalSnapshot: true });
    expect(volume.options).toMatchObject({ protect: true });
    expect(volume.options).not.toHaveProperty("deletedWith");
    expect(one(resources, ":VolumeAttachment").inputs).toMatchObject({ stopInstanceBeforeDetaching: true });
  });

  test("is not replaced by surprise, and never stands twice", () => {
    expect(one(resources, ":Instance").options).toMatchObject({
      deleteBeforeReplace: true,
      ignoreChanges: ["userData", "associatePublicIpAddress"],
    });
  });

  test("gets the bootstrap host key by user data, and the final one never", () => {
    const { userData } = one(resources, ":Instance").inputs as { userData: string };
    expect(parse(userData).ssh_keys.ed25519_private).toBe("private machine-bootstrap-key\n");
    expect(userData).toContain("ssh-ed25519 machine-user-key");
    expect(userData).not.toContain("machine-host-key");
    expect(userData).toContain("nvme-Amazon_Elastic_Block_Store_machinedata-id");
  });

  test("only its identity accepts the bootstrap key; all else pins the final one, and comes after", () => {
    const identity = one(resources, ":MachineIdentity");
    expect((identity.inputs.machine as { hostKeys: string[] }).hostKeys).toEqual([
      "ssh-ed25519 machine-host-key",
      "ssh-ed25519 machine-bootstrap-key",
    ]);
    expect(identity.options.dependsOn).toEqual(
      expect.arrayContaining([expect.stringContaining("machine-data-attachment")]),
    );
    const workspace = one(resources, ":Workspace");
    expect(workspace.inputs.machine).toMatchObject({
      id: "machine-identity-id",
      hostKeys: ["ssh-ed25519 machine-host-key"],
      user: "nemoclaw-admin",
      arch: "amd64",
      gpu: { model: "L4", count: 1 },
    });
    expect(workspace.options.deletedWith).toContain("machine-instance");
  });

  test("is reached by the AWS CLI, by its id", () => {
    const { machine } = one(resources, ":Workspace").inputs as {
      machine: { address: string; via: { argv: string[] } };
    };
    expect(machine.address).toBe("machine-instance-id");
    expect(machine.via.argv.join(" ")).toBe(
      "aws ssm start-session --region eu-central-1 --target machine-instance-id --document-name AWS-StartSSHSession --parameters portNumber=22",
    );
  });
});

describe("a machine on AWS", () => {
  test("with public access: the graph", async () => {
    const resources = await declared({
      access: publicAccess,
      network: { vpc: "vpc-0123456789abcdef0", subnet: "subnet-0123456789abcdef0" },
      tags: { team: "agents" },
      account: "123456789012",
      dataDisk: { size: 200, protect: false, reason: "a lab" },
      spot: true,
    });
    await expect(graphText(resources)).toMatchFileSnapshot("../golden/aws-public.yaml");
    const rules = resources.filter(({ type }) => type.endsWith("IngressRule"));
    expect(rules.map(({ inputs }) => inputs.cidrIpv4 ?? inputs.cidrIpv6)).toEqual(publicAccess.cidrs);
    expect(rules.every(({ inputs }) => inputs.fromPort === 22 && inputs.toPort === 22)).toBe(true);
    expect(one(resources, ":Workspace").inputs.machine).toMatchObject({ address: "198.51.100.9" });
    expect(one(resources, ":Instance").inputs).toMatchObject({
      disableApiTermination: false,
      instanceMarketOptions: {
        marketType: "spot",
        spotOptions: { spotInstanceType: "persistent", instanceInterruptionBehavior: "stop" },
      },
    });
    expect(resources.filter(({ type }) => /:Vpc$|:Subnet$|:Role$/.test(type))).toEqual([]);
    expect(one(resources, ":Volume").inputs.tags).toMatchObject({ "accepted-risk": "accepted risk: a lab" });
    // A provider's settings travel as JSON text.
    const { region, allowedAccountIds, defaultTags } = one(resources, "pulumi:providers:aws").inputs;
    expect(region).toBe("eu-central-1");
    expect(allowedAccountIds).toBe('["123456789012"]');
    expect(JSON.parse(String(defaultTags)).tags).toMatchObject({ team: "agents", "nemoclaw:stack": "test" });
  });

  test("with an Instance Connect Endpoint, which alone may reach SSH", async () => {
    const resources = await declared({ access: { kind: "instance-connect-endpoint" } });
    const rule = one(resources, "IngressRule").inputs;
    expect(rule).toMatchObject({ fromPort: 22, referencedSecurityGroupId: "machine-endpoint-group-id" });
    expect(rule).not.toHaveProperty("cidrIpv4");
    expect(resources.filter(({ type }) => type.endsWith(":Role"))).toEqual([]);
    const { machine } = one(resources, ":Workspace").inputs as { machine: { via: { argv: string[] } } };
    await expect(graphText(resources)).toMatchFileSnapshot("../golden/aws-instance-connect-endpoint.yaml");
    expect(machine.via.argv.slice(0, 3)).toEqual(["aws", "ec2-instance-connect", "open-tunnel"]);
  });

  test("with a user key that is given, makes none", async () => {
    const resources = await declared({ authorizedKey: `ssh-ed25519 ${"A".repeat(68)} me` }, "given private key");
    expect(resources.filter(({ type }) => type.endsWith("SshKeyPair")).map(({ name }) => name)).toEqual([
      "machine-bootstrap-key",
      "machine-host-key",
    ]);
    expect(one(resources, ":Instance").inputs.userData).toContain(`ssh-ed25519 ${"A".repeat(68)} me`);
  });

  test("on arm64, with an image for it", async () => {
    const resources = await declared(
      { instanceType: "g5g.xlarge", image: { id: "ami-0123456789abcdef0", arch: "arm64" } },
      undefined,
      clouds({ architecture: "arm64" }),
    );
    expect(one(resources, ":Workspace").inputs.machine).toMatchObject({
      arch: "arm64",
      gpu: { model: "T4G", count: 1 },
    });
  });
});

describe("bad input is told at preview, all at once, with the nearest right value", () => {
  test("many faults together", () => {
    const found = faults({
      instanceType: "g6.xlarg",
      gpu: { count: 2 },
      zone: "eu-west-1a",
      access: ["ssm", "public"],
      network: { vpc: "vpc-0123456789abcdef0" },
      spot: true,
      terminationProtection: true,
      dataDisk: { protect: false },
    });
    expect(found).toEqual([
      "access: a machine has one access mode, and here is a list | access: { kind: ssm }",
      expect.stringMatching(/^gpu\.model: a GPU count without a GPU model \| gpu: \{ model: .*, count: 2 \}$/),
      expect.stringMatching(/^instanceType: "g6\.xlarg" is not in this project's table.*\| g6\.xlarge, or /),
      "network.subnet: a VPC without its subnet | subnet: subnet-…, of vpc-0123456789abcdef0",
      expect.stringMatching(/^dataDisk\.reason: .* no reason is given/),
      'zone: "eu-west-1a" is not a zone of eu-central-1 | eu-central-1a',
      expect.stringMatching(/^terminationProtection: AWS does not protect spot machines/),
    ]);
  });

  test.each([
    [
      { instanceType: undefined, gpu: { model: "h100" } },
      "instanceType is missing; expected a machine type | p5.4xlarge",
    ],
    [
      { instanceType: "m7i.large", gpu: { model: "L4" } },
      "m7i.large has no GPU, and the stack wants 1 × L4 | g6.xlarge",
    ],
    [{ gpu: { model: "L4", count: 4 } }, "has 1 × L4, and the stack wants 4 × L4 | g6.12xlarge"],
    [{ gpu: { model: "L5" } }, '"L5" is no GPU that this cloud\'s table has'],
    [{ gpu: "none" }, "g6.xlarge has 1 × L4, which is paid for | m7i.large, or leave gpu out"],
    [
      { image: { id: "ami-0123456789abcdef0", arch: "arm64" } },
      "image.arch: the image is for arm64, and g6.xlarge is amd64",
    ],
    [
      { image: { id: "resolve:ssm:/aws/x" } },
      "would replace the machine by surprise | what this prints: aws ssm get-parameter --name /aws/x",
    ],
    [{ access: { kind: "ssm", cidrs: ["203.0.113.0/24"] } }, "access.cidrs: addresses are let in by access public"],
    [{ access: { kind: "publik" } }, "| public"],
    [{ access: { kind: "public", cidrs: [] } }, "access.cidrs: the list is empty"],
    [{ access: { kind: "public", cidrs: ["203.0.113.7"] } }, '"203.0.113.7" has no prefix length | 203.0.113.7/32'],
    [{ access: { kind: "public", cidrs: ["10.1.2.3/8"] } }, "| 10.0.0.0/8 or 10.1.2.3/32"],
    [{ access: { kind: "public", cidrs: ["2001:db8::1/64"] } }, "| 2001:db8::/64 or 2001:db8::1/128"],
    [{ access: { kind: "public", cidrs: ["300.0.0.0/8"] } }, "is not a block of addresses"],
    [{ access: { kind: "public", cidrs: ["10.0.0.0/08"] } }, "| 10.0.0.0/8"],
    [{ access: { kind: "public", cidrs: ["2001:DB8::/32"] } }, "a cloud stores another text | 2001:db8::/32"],
    [{ access: { kind: "public", cidrs: ["2001:db8:0:0::/64"] } }, "| 2001:db8::/64"],
    [{ access: { kind: "public", cidrs: ["fe80::1%eth0/64"] } }, "is not a block of addresses"],
    [{ access: { kind: "public", cidrs: [" 10.0.0.0/8"] } }, "has spaces around it | 10.0.0.0/8"],
    [{ access: { kind: "public", cidrs: ["0.0.0.0/0"], fromAnywhere: " " } }, "access.fromAnywhere: the text is empty"],
    [{ dataDisk: { protect: false, reason: " " } }, "dataDisk.reason: the text is empty"],
    [
      { access: { kind: "public", cidrs: ["0.0.0.0/0"], fromAnywhere: "?" } },
      'access.fromAnywhere: "?" has no word in it',
    ],
    [
      { access: { kind: "public", cidrs: ["203.0.113.0/24", "2001:db8::/48", "203.0.113.0/24"] } },
      'access.cidrs.2: "203.0.113.0/24" stands in the list already | leave it out here',
    ],
    [{ tags: { "AWS:team": "x" } }, 'tags.AWS:team: "AWS:team": expected a tag\'s key; those that begin with aws:'],
    [{ tags: { "AWS:team": "x" } }, "are AWS's own | team"],
    [{ tags: { "": "x" } }, "expected a tag's key"],
    [
      { access: { ssm: {}, public: {} } },
      "a machine has one access mode, and here are ssm and public | access: { kind: ssm }",
    ],
    [
      { access: { public: { cidrs: [] } } },
      "public is the kind of access, not a setting of it | access: { kind: public }",
    ],
    [{ access: { kind: "public", cidrs: ["10.0.0.0/33"] } }, "has no possible prefix length, 0 to 32"],
    [{ access: { kind: "public", cidrs: ["0.0.0.0/0"] } }, "0.0.0.0/0 opens SSH to the whole internet"],
    [{ access: { kind: "public", cidrs: ["::/0"] } }, "::/0 opens SSH to the whole internet"],
    [{ access: { kind: "public", cidrs: ["128.0.0.0/1"] } }, "128.0.0.0/1 opens SSH to the whole internet"],
    [{ network: { subnet: "subnet-0123456789abcdef0" } }, "network.vpc: a subnet without its VPC"],
    [{ network: {} }, "network: a network without a subnet"],
    [{ authorizedKey: "id_ed25519.pub" }, "expected a line such as ssh-ed25519"],
    [{ region: "frankfurt" }, '"frankfurt" is not a region of AWS | '],
    [{ region: "eu-centrl-1" }, '"eu-centrl-1" is not a region of AWS | eu-central-1'],
    [{ zone: "a" }, '"a" is not a zone of eu-central-1 | eu-central-1a'],
    [{ access: "ssm" }, "expected a mapping | access: { kind: ssm }"],
    [{ instanceType: "p4d.24xlarg", gpu: { count: 8 } }, "GPU model | gpu: { model: A100, count: 8 }"],
    [{ kmsKey: "mine" }, "expected the key's ARN | arn:aws:kms:REGION:ACCOUNT:key/ID"],
    [{ account: "12" }, "expected the 12 digits"],
    [{ rootDisk: { size: 5 } }, "rootDisk.size: 5 is not possible; expected at least 30 | 30"],
  ])("%j", (change, said) => {
    expect(faults(change)).toContainEqual(expect.stringContaining(said));
  });

  test.each([
    [{ instanceType: 42 }, ["instanceType"]],
    [{ gpu: { model: "L4", count: 0 } }, ["gpu.count"]],
    [{ network: "subnet-1" }, ["network"]],
    [{ image: { id: "ami-0123456789abcdef0", arch: "aarch64" } }, ["image.arch"]],
    [{ region: "eu-centrl-1" }, ["region"]],
  ])("what has the wrong form is told once: %j", (change, paths) => {
    expect(faults(change).map((fault) => fault.split(":")[0])).toEqual(paths);
  });

  test("a type that the table does not have is taken when that is accepted", () => {
    const unlisted = { instanceType: "g9.xlarge", accept: ["unlisted-type"] };
    expect(faults({ ...unlisted, gpu: { model: "X1", count: 1 } })).toEqual([]);
    expect(faults({ ...unlisted, gpu: { model: "L4" } })).toEqual([]);
    expect(faults({ ...unlisted, gpu: { count: 2 } })).toEqual([
      expect.stringContaining("a GPU count without a GPU model"),
    ]);
  });

  test("what is accepted of another type is not believed of one that the table has", () => {
    expect(faults({ accept: ["unlisted-type"], gpu: { model: "X1" } })).toEqual([
      expect.stringContaining('"X1" is no GPU'),
    ]);
  });

  test("SSH for everybody is taken in so many words only", async () => {
    const access = { kind: "public", cidrs: ["0.0.0.0/0"], fromAnywhere: "a honeypot" };
    expect(faults({ access })).toEqual([]);
    const rule = one(await declared({ access }), "IngressRule");
    expect(rule.inputs.description).toBe("accepted risk: a honeypot");
  });

  test.each([
    [
      "an apostrophe, an umlaut, a line break",
      "it's a lab, für alle – honestly\nyes",
      "accepted risk: it-s a lab, fur alle - honestly yes",
    ],
    ["all that EC2 takes", "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*", "accepted risk: a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"],
    ["other letters", '<проверка> "100 %"', "accepted risk: - -100 -"],
    ["much text", "x ".repeat(400), `accepted risk: ${"x ".repeat(120)}`.trimEnd()],
  ])("whatever the reason is, the rule has as much of it as EC2 takes: %s", async (_, fromAnywhere, description) => {
    const access = { kind: "public", cidrs: ["0.0.0.0/0"], fromAnywhere };
    expect(one(await declared({ access }), "IngressRule").inputs.description).toBe(description);
    expect(description.length).toBeLessThan(256);
  });

  test("a data disk's tag has as much of a reason as a tag holds", async () => {
    const resources = await declared({ dataDisk: { protect: false, reason: `für alle:\n ${"🙂".repeat(300)}` } });
    const { tags } = one(resources, ":Volume").inputs as { tags: Record<string, string> };
    expect(tags["accepted-risk"]).toBe(`accepted risk: für alle: ${"🙂".repeat(115)}`);
  });
});

// The settings refuse it too; a program that gives the component its own would get past them.
test.each(["0.0.0.0/0", "128.0.0.0/1"])(
  "the component itself opens SSH to nobody who is everybody: %s",
  async (everybody) => {
    const { value } = check(machineSettings, least) as { value: AwsMachineSettings };
    const access = { kind: "public" as const, cidrs: [everybody] };
    const program = declare(() => provideMachine("machine", { ...value, access }));
    await expect(program).rejects.toThrow(/may reach SSH[\s\S]*no-open-ssh/);
  },
);

describe("what only AWS knows", () => {
  test.each([
    [
      { architecture: "arm64" },
      /ami-0123456789abcdef0 is built for arm64, and the stack says amd64[\s\S]*instead: arm64/,
    ],
    [{ offered: [] }, /eu-central-1a does not offer g6\.xlarge/],
    [{ missing: true }, /machine\.image\.id\n {2}eu-central-1 has no image ami-0123456789abcdef0/],
  ])("is asked, and fails the preview: %j", async (answer, said) => {
    const { errors, warnings } = await logged(() => declared({}, undefined, clouds(answer)));
    expect(errors).toEqual([expect.stringMatching(said)]);
    expect(warnings).toEqual([]);
  });

  const given = { network: { vpc: "vpc-0123456789abcdef0", subnet: "subnet-0123456789abcdef0" } };

  test.each([
    [
      { availabilityZone: "eu-central-1b", vpcId: given.network.vpc },
      /machine\.network\.subnet\n {2}subnet-0123456789abcdef0 is in eu-central-1b, and machine\.zone is eu-central-1a[\s\S]*instead: one that this lists: aws ec2 describe-subnets/,
    ],
    [
      { availabilityZone: "eu-central-1a", vpcId: "vpc-0fedcba9876543210" },
      /subnet-0123456789abcdef0 is in vpc-0fedcba9876543210, and the stack says vpc-0123456789abcdef0/,
    ],
    [
      "reading EC2 Subnet (subnet-0123456789abcdef0): InvalidSubnetID.NotFound: The subnet ID does not exist",
      /there is no subnet subnet-0123456789abcdef0 for this account in this region/,
    ],
  ])("is asked of a given subnet, too: %j", async (subnet, said) => {
    const { errors, warnings } = await logged(() => declared(given, undefined, clouds({ subnet })));
    expect(errors).toEqual([expect.stringMatching(said)]);
    expect(warnings).toEqual([]);
  });

  test("says nothing of a given subnet that is where the stack says", async () => {
    const { errors, warnings } = await logged(() => declared(given));
    expect([errors, warnings]).toEqual([[], []]);
  });

  test("is noted where there are no credentials to ask with, and nothing fails", async () => {
    const refuse = () => {
      throw new Error("no valid credential sources found");
    };
    const { errors, warnings } = await logged(() => declared({}, undefined, refuse));
    expect(errors).toEqual([]);
    expect(warnings).toEqual([
      expect.stringMatching(/^AWS could not be asked about the image ami-.*no valid credential sources/s),
      expect.stringMatching(/^AWS could not be asked about whether eu-central-1a offers g6\.xlarge/),
    ]);
  });
});

describe("the table of instance types", () => {
  test("has each type once", () => {
    const names = awsMachineTypes.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  test("suggests the smallest that will do", () => {
    expect(suggestTypes(awsMachineTypes, { model: "rtx-pro-6000", count: 2 })[0]?.name).toBe("g7e.12xlarge");
    expect(suggestTypes(awsMachineTypes, { model: "L4" }).map(({ name }) => name)[0]).toBe("g6.xlarge");
  });
});
