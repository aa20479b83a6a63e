import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { parse } from "../../policies/parse.ts";
import { type CloudSettings, lookForNeeds } from "../../scripts/cloud-needs.ts";
import { describeComputer } from "../../scripts/doctor-report.ts";
import type { Engine } from "../../scripts/engine-choice.ts";
import { machineSettings } from "../../stacks/machine-kinds/index.ts";
import { putProgram } from "../support/stand-ins.ts";

const engine: Engine = { kind: "cli", about: "Pulumi CLI 3.270.0", command: ["pulumi"], path: [] };
const embedded: Engine = { ...engine, kind: "embedded", about: "the embedded engine" };
let folder: string;

const settings = (written: object): CloudSettings => {
  const result = parse(machineSettings, written);
  if (result.faults) throw new Error(JSON.stringify(result.faults));
  return result.value as CloudSettings;
};
const aws = (change: object = {}) =>
  settings({
    ...{ kind: "aws", region: "eu-central-1", zone: "eu-central-1a", instanceType: "g6.xlarge" },
    ...{ image: { id: "ami-0123456789abcdef0" }, ...change },
  });
const gcp = (change: object = {}) =>
  settings({
    ...{ kind: "gcp", project: "my-project-123", zone: "europe-west4-a", machineType: "g2-standard-8" },
    ...{ image: { name: "projects/p/global/images/x-1" }, ...change },
  });

/** Puts a program that stands in for a cloud's own on PATH, which holds nothing else. */
function standIn(name: string, script: string): void {
  putProgram(folder, name, script);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "nemoclaw-doctor-"));
  vi.stubEnv("PATH", folder);
  for (const name of ["GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"]) {
    vi.stubEnv(name, undefined);
  }
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const told = async (machine: CloudSettings, with_ = engine) => {
  const { found, missing } = await lookForNeeds(machine, with_);
  return { found: found.map(({ what }) => what), missing: missing.map(({ what, found }) => `${what}: ${found}`) };
};

describe("what a computer lacks for a machine on AWS (stand-ins for its programs)", () => {
  it("is everything, on one that has nothing", async () => {
    const { found, missing } = await told(aws(), embedded);
    expect(found).toEqual([]);
    expect(missing).toEqual([
      "engine: no Pulumi CLI was found, and the embedded engine cannot load the provider of aws",
      "aws: aws is not installed here: access ssm goes through it",
      "session-manager-plugin: session-manager-plugin is not installed here: access ssm goes through it",
      "credentials: aws is not installed here: no credentials of AWS are in force",
    ]);
  });

  it("is nothing, where all is there and logged in", async () => {
    standIn(
      "aws",
      'case $1 in --version) echo aws-cli/2.31.0 ;; *) printf "123456789012\\tarn:aws:iam::me\\n" ;; esac',
    );
    standIn("session-manager-plugin", "echo 1.2.707.0");
    const verdict = await lookForNeeds(aws({ account: "123456789012" }), engine);
    expect(describeComputer("aws, eu-central-1a, not made yet", verdict).split("\n")).toEqual([
      "machine                 aws, eu-central-1a, not made yet",
      "engine                  Pulumi CLI 3.270.0",
      "aws                     aws-cli/2.31.0",
      "session-manager-plugin  1.2.707.0",
      "credentials             account 123456789012, arn:aws:iam::me",
      "this computer has what it takes; the machine is looked at once it is made",
    ]);
    expect((await told(aws({ account: "999999999999" }))).missing).toEqual([
      "credentials: no credentials of account 999999999999 are in force",
    ]);
  });

  it("is a login that has run out, in the program's own words", async () => {
    standIn(
      "aws",
      'case $1 in --version) echo aws-cli/2.31.0 ;; *) echo "The SSO session has expired" >&2; exit 255 ;; esac',
    );
    standIn("session-manager-plugin", "echo 1.2.707.0");
    expect((await told(aws())).missing).toEqual([
      "credentials: no credentials of AWS are in force; aws sts get-caller-identity says: The SSO session has expired",
    ]);
  });

  it("is version 2, for an Instance Connect Endpoint; and no plugin", async () => {
    standIn("aws", 'case $1 in --version) echo aws-cli/1.29.0 ;; *) printf "1\\tarn\\n" ;; esac');
    const { found, missing } = await told(aws({ access: { kind: "instance-connect-endpoint" } }));
    expect(found).toEqual(["engine", "credentials"]);
    expect(missing).toEqual(["aws: access instance-connect-endpoint goes through version 2 of it"]);
  });
});

describe("what a computer lacks for a machine on Google Cloud (stand-ins for its programs)", () => {
  it("is everything, on one that has nothing", async () => {
    expect((await told(gcp())).missing.map((line) => line.split(":")[0])).toEqual([
      ...["gcloud", "login", "credentials", "project"],
    ]);
  });

  it("is a login, and the credentials that Pulumi works with; a token that is printed goes nowhere", async () => {
    standIn(
      "gcloud",
      `case "$*" in
  --version) echo "Google Cloud SDK 540.0.0" ;;
  "auth list"*) ;;
  *print-access-token) echo s3cret-token ;;
  projects*) echo my-project-123 ;;
esac`,
    );
    const verdict = await lookForNeeds(gcp(), engine);
    expect(JSON.stringify(verdict)).not.toContain("s3cret-token");
    expect(verdict.missing).toEqual([expect.objectContaining({ what: "login", try: "gcloud auth login" })]);
    expect(verdict.found.map(({ what }) => what)).toEqual(["engine", "gcloud", "credentials", "project"]);
  });

  it("asks for no login of gcloud's own where nothing goes through it, and for no credentials that are given otherwise", async () => {
    vi.stubEnv("GOOGLE_CREDENTIALS", "{}");
    standIn("gcloud", 'case "$*" in --version) echo SDK ;; projects*) echo my-project-123 ;; *) exit 1 ;; esac');
    const direct = gcp({ access: { kind: "public", cidrs: ["203.0.113.0/24"] } });
    expect(await told(direct)).toEqual({ found: ["engine", "gcloud", "project"], missing: [] });
  });
});
