import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { cloudMachines } from "../../scripts/cloud-machines.ts";
import { machineImageGaps } from "../../scripts/machine-image-check.ts";
import { servedImageGaps } from "../../scripts/machine-image-served.ts";
import { SmallClone } from "../support/small-clone.ts";
import { putProgram } from "../support/stand-ins.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-machine-image-"));
  // This computer's own programs of a cloud are not asked.
  vi.stubEnv("PATH", folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const ami = "ami-0123456789abcdef0";
const name = "projects/p/global/images/image-v1";
const awsFile = (image: string, more = "") =>
  `config:\n  nemoclaw:machine:\n    kind: aws\n    region: eu-central-1\n${more}    image: ${image}\n`;
const gcpFile = (image: string) => `config:\n  nemoclaw:machine:\n    kind: gcp\n    image: ${image}\n`;
const stack = (text: string) => {
  writeFileSync(join(folder, "Pulumi.prod.yaml"), text);
  return cloudMachines(folder);
};
const path = (property: string) => `stacks/Pulumi.prod.yaml: nemoclaw:machine.${property}`;
const refresh = "scripts/lock refresh machine-image -s prod";

describe("the form of a stack's machine image", () => {
  test.each([
    ["AWS", awsFile(`{ id: ${ami}, arch: arm64 }`)],
    ["Google", gcpFile(`{ name: ${name} }`)],
    ["Google, as an address", gcpFile(`{ name: "https://www.googleapis.com/compute/v1/${name}" }`)],
    ["no cloud", "config:\n  nemoclaw:machine: { kind: local, image: anything }\n"],
  ])("is right: %s", (_what, text) => expect(machineImageGaps(stack(text))).toEqual([]));

  test.each([
    ["ami-1", awsFile("{ id: ami-1 }"), "image.id", "expected an image id", refresh],
    ["an alias of AWS", awsFile("{ id: resolve:ssm:/aws/x }"), "image.id", "a name that moves", refresh],
    ["no id", awsFile("{ arch: amd64 }"), "image.id", "id is missing", refresh],
    ["no image", awsFile(""), "image", "expected a mapping", refresh],
    ["an id alone", awsFile(ami), "image", "expected a mapping", refresh],
    ["a processor that is none", awsFile(`{ id: ${ami}, arch: arm }`), "image.arch", "is not possible", "write arm64"],
    ["a key that is none", awsFile(`{ id: ${ami}, arhc: arm64 }`), "image.arhc", "is not known here", "write arch"],
    ["Google's family", gcpFile("{ name: projects/p/global/images/family/x }"), "image.name", "is a family", refresh],
    ["Google's short name", gcpFile("{ name: image-v1 }"), "image.name", "full name", "describe-from-family"],
    ["no name", gcpFile("{ arch: amd64 }"), "image.name", "name is missing", "write name: …"],
  ])("is wrong, by file and property, with what mends it: %s", (_what, text, property, message, hint) => {
    expect(machineImageGaps(stack(text))).toEqual([
      {
        path: path(property),
        message: expect.stringContaining(message),
        try: hint === refresh ? refresh : expect.stringContaining(hint),
      },
    ]);
  });
});

const asked = (text: string, offline?: string) => servedImageGaps(stack(text), { say: () => {}, offline });
const calls = () => readFileSync(join(folder, "asked"), "utf8").trim().split("\n");
/** A program that notes what it is asked, answers so, and ends so. */
const standIn = (program: string, answer: string) =>
  putProgram(folder, program, `echo "$*" >>${folder}/asked\n${answer}`);
const says = (answer: object) => `echo '${JSON.stringify(answer)}'`;
const fails = (said: string) => `printf '%s\\n' "${said}" >&2; exit 254`;

describe("AWS, asked for a stack's machine image (a stand-in for its command line)", () => {
  const image = { State: "available", Architecture: "x86_64", DeprecationTime: "2999-01-01T00:00:00.000Z" };
  const gone = "An error occurred (InvalidAMIID.NotFound) when calling the DescribeImages operation: does not exist";
  const answer = (more: object = {}) => says({ Images: [{ ...image, ...more }] });

  test("has it: one question that changes nothing", async () => {
    standIn("aws", answer());
    expect(await asked(awsFile(`{ id: ${ami} }`))).toEqual([]);
    expect(calls()).toEqual([
      `ec2 describe-images --include-deprecated --include-disabled --output json --region eu-central-1 --image-ids ${ami}`,
    ]);
  });

  test.each([
    ["no longer there", fails(gone), "image.id", `eu-central-1 has no image ${ami} for this login`, refresh],
    ["deregistered a while ago", says({ Images: [] }), "image.id", "has no image", refresh],
    ["disabled", answer({ State: "disabled" }), "image.id", `${ami} is disabled`, refresh],
    [
      "deprecated",
      answer({ DeprecationTime: "2020-01-01T00:00:00.000Z" }),
      "image.id",
      "deprecated since 2020",
      refresh,
    ],
    [
      "for another processor",
      answer({ Architecture: "arm64" }),
      "image.arch",
      `${ami} is built for arm64, and the stack says amd64`,
      `write arm64, or ${refresh}`,
    ],
  ])("says that it is %s: a gap", async (_what, answered, property, message, hint) => {
    standIn("aws", answered);
    expect(await asked(awsFile(`{ id: ${ami} }`))).toEqual([
      { path: path(property), message: expect.stringContaining(message), try: hint },
    ]);
  });

  test.each([
    ["there is no program", undefined, "there is no aws here"],
    ["nobody is logged in", fails("\nUnable to locate credentials."), "Unable to locate credentials."],
    ["an older one lacks an option", fails("usage: aws\n\nUnknown options: --x"), "usage: aws Unknown options: --x"],
    ["its answer is none", "echo hello", "the answer of aws cannot be read"],
  ])("is not asked where %s, which is no gap and is said", async (_what, answered, why) => {
    if (answered) standIn("aws", answered);
    expect(await asked(awsFile(`{ id: ${ami} }`))).toEqual([
      {
        path: path("image.id"),
        message: `${ami} was not asked for: ${why}`,
        try: expect.stringMatching(/^run it where you are logged in: aws ec2 describe-images .* --image-ids ami-/),
        asked: false,
      },
    ]);
  });

  test("is not taken at its word where the login is of another account than the stack's", async () => {
    standIn("aws", `case "$*" in sts*) echo 999999999999 ;; *) ${fails(gone)} ;; esac`);
    expect(await asked(awsFile(`{ id: ${ami} }`, '    account: "123456789012"\n'))).toEqual([
      expect.objectContaining({
        message: `${ami} was not asked for: the login is of account 999999999999, the stack's is 123456789012`,
        asked: false,
      }),
    ]);
    expect((await asked(awsFile(`{ id: ${ami} }`, '    account: "999999999999"\n')))[0]).not.toHaveProperty("asked");
  });

  test("is not asked in a region that is none, nor for what is no image", async () => {
    standIn("aws", answer());
    const nowhere = awsFile(`{ id: ${ami} }`).replace("eu-central-1", "eu-central-9");
    expect(await asked(nowhere)).toEqual([
      expect.objectContaining({ message: expect.stringContaining("is not a region of AWS"), asked: false }),
    ]);
    expect(await asked(awsFile("{ id: --help }"))).toEqual([]);
    expect(calls).toThrow("ENOENT");
  });

  test("is not asked in the place of a mirror folder", async () => {
    standIn("aws", answer());
    const [gap, ...more] = await asked(awsFile(`{ id: ${ami} }`), "with --mirror no cloud is asked");
    expect([gap?.message, more]).toEqual([`${ami} was not asked for: with --mirror no cloud is asked`, []]);
    expect(calls).toThrow("ENOENT");
  });
});

describe("Google, asked for a stack's machine image (a stand-in for its command line)", () => {
  const image = { name: "image-v1", family: "fam", status: "READY", architecture: "X86_64" };
  const list = "another image, which this lists: gcloud compute images list --project p --no-standard-images";
  const newer = { state: "DEPRECATED", replacement: "https://x/image-v2" };

  test.each([
    ["as it is", image],
    ["not known which processor it is for", { ...image, architecture: undefined }],
    ["to be deprecated some day", { ...image, deprecated: { state: "ACTIVE", deprecated: "2999-01-01" } }],
  ])("has it, %s", async (_what, answer) => {
    standIn("gcloud", says(answer));
    expect(await asked(gcpFile(`{ name: "https://www.googleapis.com/compute/v1/${name}" }`))).toEqual([]);
    expect(calls()).toEqual(["compute images describe image-v1 --project p --format json"]);
  });

  test.each([
    ["deprecated", { ...image, deprecated: newer }, "is deprecated; its replacement is https://x/image-v2", refresh],
    ["obsolete", { ...image, deprecated: { state: "OBSOLETE" } }, "image-v1 is obsolete", refresh],
    ["obsolete, of no family", { deprecated: { state: "OBSOLETE" } }, "image-v1 is obsolete", list],
    ["being deleted", { ...image, status: "DELETING" }, "image-v1 is deleting", refresh],
  ])("says that it is %s: a gap", async (_what, answer, message, hint) => {
    standIn("gcloud", says(answer));
    expect(await asked(gcpFile(`{ name: ${name} }`))).toEqual([
      { path: path("image.name"), message: expect.stringContaining(message), try: hint },
    ]);
  });

  test("says that it is for another processor: a gap", async () => {
    standIn("gcloud", says({ ...image, architecture: "ARM64" }));
    expect(await asked(gcpFile(`{ name: ${name} }`))).toEqual([
      {
        path: path("image.arch"),
        message: `${name} is built for arm64, and the stack says amd64`,
        try: "write arm64, or take another image",
      },
    ]);
  });

  const refused = (why: string) =>
    fails(`ERROR: (gcloud.compute.images.describe) Could not fetch resource:\n - ${why}`);

  test("says that it is not there: a gap, which no refresh mends", async () => {
    standIn("gcloud", refused("The resource 'projects/p/global/images/image-v1' was not found"));
    expect(await asked(gcpFile(`{ name: ${name} }`))).toEqual([
      { path: path("image.name"), message: "project p has no image image-v1", try: list },
    ]);
  });

  test("does not say so of a project that the login may not see", async () => {
    standIn("gcloud", refused("Required 'compute.images.get' permission for 'projects/p/global/images/image-v1'"));
    expect(await asked(gcpFile(`{ name: ${name} }`))).toEqual([
      expect.objectContaining({ message: expect.stringContaining("Required 'compute.images.get'"), asked: false }),
    ]);
  });
});

describe("a stack file of which nothing can be told", () => {
  test.each([
    ["no mapping", "foo\n", 'stacks/Pulumi.prod.yaml is not a stack file: it has no mapping "config"'],
    ["no configuration", "config: foo\n", 'stacks/Pulumi.prod.yaml is not a stack file: it has no mapping "config"'],
    ["no YAML", "config: [a: b: c\n", "stacks/Pulumi.prod.yaml is not YAML: "],
    [
      "a machine that is none",
      "config:\n  nemoclaw:machine: x\n",
      "stacks/Pulumi.prod.yaml: nemoclaw:machine is not a",
    ],
    [
      "a runtime that is none",
      "config:\n  nemoclaw:runtime: [x]\n",
      "stacks/Pulumi.prod.yaml: nemoclaw:runtime is not a",
    ],
  ])("is an error with its name: %s", (_what, text, message) => expect(() => stack(text)).toThrow(message));

  test.each([
    ["nothing configured", "encryptionsalt: v1:x\n", 0],
    ["a section left empty", "config:\n  nemoclaw:machine:\n", 0],
    ["the short key", "config:\n  machine: { kind: aws }\n", 1],
    ["the machine as JSON", `config:\n  nemoclaw:machine: '{ "kind": "gcp" }'\n`, 1],
  ])("is not one with %s", (_what, text, machines) => expect(stack(text)).toHaveLength(machines));
});

describe("scripts/lock check", () => {
  test("tells people and programs of machine images, and an image that was not asked for is no gap", async () => {
    vi.unstubAllEnvs();
    await using clone = new SmallClone();
    const lock = join(folder, "lock.json");
    writeFileSync(lock, JSON.stringify({ version: 1, artifacts: {}, images: {}, apt: {}, npm: {} }));
    const env = { PATH: join(clone.folder, "bin"), HOME: clone.home, NEMOCLAW_LOCK_FILE: lock };
    const check = (...args: string[]) => {
      const call = [join(clone.root, "scripts", "lock.ts"), "check", ...args];
      const { status, stdout, stderr } = spawnSync(process.execPath, call, { encoding: "utf8", env, timeout: 60_000 });
      expect(stderr).not.toContain("Error");
      return [status, stdout];
    };
    const file = join(clone.root, "stacks", "Pulumi.prod.yaml");
    writeFileSync(file, awsFile(`{ id: ${ami} }`));
    expect(check()).toEqual([0, "Everything in the lock file that a stack here needs is pinned.\n"]);
    const unasked = `${ami} was not asked for: there is no aws here`;
    expect(check("--served")).toEqual([
      0,
      expect.stringMatching(
        new RegExp(
          `^Everything in the lock file that a stack here needs is pinned, and served as it is pinned, as far as it was asked for\\.\n${path("image.id").replaceAll(".", "\\.")}\n  ${unasked}\n  try   run it`,
        ),
      ),
    ]);
    const [exitCode, json] = check("--served", "--json");
    expect([exitCode, JSON.parse(String(json))]).toEqual([
      0,
      [{ path: path("image.id"), message: unasked, try: expect.any(String), asked: false }],
    ]);
    expect(check("--mirror", folder)).toEqual([0, expect.stringContaining("with --mirror no cloud is asked")]);

    clone.program("aws", says({ Images: [{ State: "disabled", Architecture: "x86_64" }] }));
    expect(check()).toEqual([0, "Everything in the lock file that a stack here needs is pinned.\n"]);
    expect(check("--served")).toEqual([2, `${path("image.id")}\n  ${ami} is disabled\n  try   ${refresh}\n`]);
    writeFileSync(file, awsFile("{ id: ami-1 }"));
    expect(check()).toEqual([2, expect.stringContaining(`  try   ${refresh}\n`)]);
  });
});
