import { expect, test } from "vitest";
import { provideMachine } from "../../components/machine/provide-machine.ts";
import { parse } from "../../policies/parse.ts";
import { replacementGuard } from "../../provider/handlers/replacement-guard.ts";
import { Workspace } from "../../resources/workspace.ts";
import { fixedOfMachine } from "../../review/revisions/expected-replacements.ts";
import { fixedOfDisk } from "../../review/revisions/lost-disk.ts";
import { type MachineSettings, machineSettings } from "../../stacks/machine-kinds/index.ts";
import { type DeclaredResource, declare } from "../support/declared-graph.ts";

// What a change of a machine makes of the machine, of its data disk, and of what stands between the two.

const clouds = {
  aws: {
    least: { kind: "aws", region: "eu-central-1", zone: "eu-central-1a", instanceType: "g6.xlarge" },
    images: [{ id: "ami-0123456789abcdef0" }, { id: "ami-0fedcba9876543210" }],
    image: "machine.image.id",
    protection: "machine.terminationProtection",
  },
  gcp: {
    least: { kind: "gcp", project: "my-project-123", zone: "europe-west4-a", machineType: "g2-standard-8" },
    images: [{ name: "projects/p/global/images/v1" }, { name: "projects/p/global/images/v2" }],
    image: "machine.image.name",
    protection: "machine.deletionProtection",
  },
} as const;
const kinds = ["aws", "gcp"] as const;
const key = (letter: string, comment = "me") => `ssh-ed25519 ${letter.repeat(68)} ${comment}`;

/** The graph of a stack, by name. A machine made from another image, or for another key, is another one. */
async function declared(kind: keyof typeof clouds, change: object): Promise<Map<string, DeclaredResource>> {
  const checked = parse(machineSettings, { ...clouds[kind].least, ...change });
  if (checked.faults) throw new Error(checked.faults.map(({ message }) => message).join("\n"));
  const settings = checked.value as MachineSettings;
  const resources = await declare(
    async () => {
      const on = await provideMachine("machine", { ...settings, privateKey: "PRIVATE" } as never);
      new Workspace("workspace", { machine: on.machine, sandbox: "main" }, { deletedWith: on.deletedWith });
    },
    {
      outputs: (type, name, inputs) => ({
        ...(type.endsWith("SshKeyPair") && { publicKey: `ssh-ed25519 ${name}`, privateKey: `private ${name}\n` }),
        ...(type.endsWith("instance:Instance") && { id: `of ${inputs.ami ?? JSON.stringify(inputs.bootDisk)}` }),
        ...(type === "gcp:compute/instance:Instance" && { instanceId: `number of ${JSON.stringify(inputs.bootDisk)}` }),
        ...(type === "nemoclaw:host:MachineIdentity" && { id: (inputs.machine as { id: string }).id }),
      }),
    },
  );
  return new Map(resources.map((each) => [each.name, each]));
}

function changedNames(before: Map<string, DeclaredResource>, after: Map<string, DeclaredResource>): string[] {
  expect([...after.keys()].toSorted()).toEqual([...before.keys()].toSorted());
  const text = (each: DeclaredResource | undefined) => JSON.stringify([each?.inputs, each?.options]);
  return [...before].filter(([name, each]) => text(each) !== text(after.get(name))).map(([name]) => name);
}

/** What the guard says of going from one stack to the next. */
function judged(before: Map<string, DeclaredResource> | undefined, after: Map<string, DeclaredResource>): string[] {
  const inputs = (graph: typeof after | undefined) => graph?.get("machine-replacement")?.inputs as never;
  return (replacementGuard.judge?.(inputs(after), inputs(before)).failures ?? []).map(({ reason }) => reason);
}

test.each(kinds)(
  "%s: another image makes the machine anew and leaves the data disk, which goes to it",
  async (kind) => {
    const [first, second] = clouds[kind].images;
    const before = await declared(kind, { image: first });
    const after = await declared(kind, { image: second });

    const disk = after.get("machine-data") as DeclaredResource;
    expect(disk).toEqual(before.get("machine-data"));
    expect(disk.options).toMatchObject({ protect: true });
    expect(disk.options).not.toHaveProperty("deletedWith");
    expect(disk.options.dependsOn ?? []).toEqual([]);

    expect(after.get("machine-instance")?.options).toMatchObject({ deleteBeforeReplace: true });
    // Everything else that differs hangs on the machine.
    expect(changedNames(before, after).toSorted()).toEqual(
      [
        ...(kind === "aws" ? ["machine-data-attachment"] : []),
        "machine-identity",
        "machine-instance",
        "machine-replacement",
        "workspace",
      ].toSorted(),
    );
    if (kind === "aws") {
      const attachment = after.get("machine-data-attachment") as DeclaredResource;
      expect(attachment.inputs).toMatchObject({ instanceId: "of ami-0fedcba9876543210", volumeId: "machine-data-id" });
      expect(attachment.options).toMatchObject({ deleteBeforeReplace: true });
    } else {
      expect(after.get("machine-instance")?.inputs.attachedDisks).toMatchObject([{ source: "machine-data-id" }]);
    }
    const machineId = (graph: typeof after) => graph.get("workspace")?.inputs.machine as { id: string } | undefined;
    expect(machineId(after)?.id).not.toBe(machineId(before)?.id);
  },
);

test.each(kinds)("%s: a data disk that is no longer protected is still the same disk", async (kind) => {
  const disk = async (dataDisk: object) =>
    (await declared(kind, { image: clouds[kind].images[0], dataDisk })).get("machine-data");
  const [before, after] = [await disk({}), await disk({ protect: false, reason: "A lab, until June." })];
  // Tags and labels are changed in place; of all else the provider makes another disk.
  const { tags: _, labels, ...rest } = after?.inputs ?? {};
  const { tags: __, ...was } = before?.inputs ?? {};
  expect(rest).toEqual(was);
  if (kind === "gcp") expect(labels).toEqual({ "accepted-risk": "a-lab-until-june" });
  expect([before?.options.protect, after?.options.protect]).toEqual([true, undefined]);
});

test.each(kinds)("%s: while the cloud does not let the machine go, that is refused with what to do", async (kind) => {
  const { images, image, protection } = clouds[kind];
  const before = await declared(kind, { image: images[0] });
  expect(judged(undefined, before)).toEqual([]);
  expect(judged(before, before)).toEqual([]);
  const refused = judged(before, await declared(kind, { image: images[1] }));
  expect(refused).toEqual([expect.stringContaining(`${image} has changed`)]);
  expect(refused[0]).toContain(`Set ${protection}: false and apply that alone; then change ${image}`);
  expect(before.get("machine-instance")?.options.dependsOn).toContainEqual(
    expect.stringContaining("machine-replacement"),
  );
});

test.each(kinds)(
  "%s: protection that goes with the same change comes too late; one step earlier it does not",
  async (kind) => {
    const { images, protection } = clouds[kind];
    const off = { [protection.replace("machine.", "")]: false };
    const before = await declared(kind, { image: images[0] });
    const between = await declared(kind, { image: images[0], ...off });
    const after = await declared(kind, { image: images[1], ...off });
    expect(judged(before, after)).toHaveLength(1);
    expect(judged(before, between)).toEqual([]);
    expect(judged(between, after)).toEqual([]);
    expect(judged(between, await declared(kind, { image: images[1] }))).toEqual([]);
  },
);

test.each(kinds)(
  "%s: another key that may log in makes the machine anew, since it is read at the first boot",
  async (kind) => {
    const image = clouds[kind].images[0];
    const before = await declared(kind, { image, authorizedKey: key("A") });
    const after = await declared(kind, { image, authorizedKey: key("B") });
    const trigger = (graph: typeof after) => graph.get("machine-instance")?.options.replacementTrigger;
    expect(trigger(before)).toBe(`ssh-ed25519 ${"A".repeat(68)}`);
    expect(trigger(after)).toBe(`ssh-ed25519 ${"B".repeat(68)}`);
    expect(judged(before, after)).toEqual([expect.stringContaining("machine.authorizedKey has changed")]);

    const renamed = await declared(kind, { image, authorizedKey: key("A", "another comment") });
    expect(trigger(renamed)).toBe(trigger(before));
    expect(judged(before, renamed)).toEqual([]);
  },
);

test.each(kinds)("%s: spare capacity taken or given up makes the machine anew, and the guard knows", async (kind) => {
  const image = clouds[kind].images[0];
  const standing = await declared(kind, { image, authorizedKey: key("A") });
  const spot = await declared(kind, { image, authorizedKey: key("A"), spot: true });
  expect(judged(standing, spot)).toEqual([expect.stringContaining("machine.spot has changed")]);
  // AWS protects no spot machine.
  expect(judged(spot, standing)).toHaveLength(kind === "aws" ? 0 : 1);

  const told = (graph: typeof spot) => {
    const { inputs, options } = graph.get("machine-instance") as DeclaredResource;
    return kind === "aws" ? options.replacementTrigger : (inputs.scheduling as object);
  };
  expect(told(spot)).not.toEqual(told(standing));
  // What is left out is no change to a provider: what is given up is said on GCP, and is a trigger on AWS.
  if (kind === "gcp") expect(Object.keys(told(standing) as object)).toContain("provisioningModel");
  expect(standing.get("machine-instance")?.options.replacementTrigger).toBe(`ssh-ed25519 ${"A".repeat(68)}`);
});

test.each(kinds)("%s: a setting that an earlier release of this package did not note is no change", async (kind) => {
  const [first, second] = clouds[kind].images;
  const inputs = async (image: object) => (await declared(kind, { image })).get("machine-replacement")?.inputs as never;
  const { settings, ...rest } = (await inputs(first)) as { settings: Record<string, string> };
  const { "machine.authorizedKey": _, ...noted } = settings;
  const recorded = { ...rest, settings: noted } as never;
  expect(replacementGuard.judge?.(await inputs(first), recorded).failures).toEqual([]);
  expect(replacementGuard.judge?.(await inputs(second), recorded).failures).toMatchObject([
    { reason: expect.stringMatching(`^${clouds[kind].image} has changed`) },
  ]);
});

test.each(kinds)("%s: a review of revisions knows every setting that makes the machine anew", async (kind) => {
  const guard = (await declared(kind, { image: clouds[kind].images[0] })).get("machine-replacement");
  const guarded = Object.keys(guard?.inputs.settings as object).map((path) => path.split(".")[1]);
  expect(guarded).toContain("authorizedKey");
  expect(fixedOfMachine(kind)).toEqual(expect.arrayContaining(guarded));
});

const other = {
  aws: { region: "eu-west-1", kmsKey: "arn:aws:kms:eu-central-1:123456789012:key/a", zone: "eu-central-1b" },
  gcp: {
    project: "another-project-1",
    kmsKey: "projects/p/locations/europe-west4/keyRings/r/cryptoKeys/k",
    zone: "europe-west4-b",
  },
};
const others = kinds.flatMap((kind) => {
  const [, second] = clouds[kind].images;
  const stays = { image: second, spot: true, authorizedKey: key("B") };
  return Object.entries<unknown>({ ...other[kind], ...stays }).map(([name, value]) => [kind, name, value] as const);
});

test.each(others)(
  "%s: a review of revisions knows whether the data disk stays for another %s",
  async (kind, name, value) => {
    const least = { image: clouds[kind].images[0], authorizedKey: key("A") };
    // A zone is of its region.
    const more = name === "region" ? { zone: `${value}a` } : {};
    const [before, after] = [await declared(kind, least), await declared(kind, { ...least, [name]: value, ...more })];
    const made = (graph: typeof before) => {
      const { inputs } = graph.get("machine-data") as DeclaredResource;
      const { region, project } = (graph.get(`machine-${kind}`) as DeclaredResource).inputs;
      return { ...inputs, region, project };
    };
    const [was, is] = [made(before), made(after)];
    expect(JSON.stringify(was) !== JSON.stringify(is)).toBe(fixedOfDisk.includes(name));
  },
);
