import type { Finding } from "../host/preflight/verdict.ts";
import type { MachineSettings } from "../stacks/machine-kinds/index.ts";
import type { Engine } from "./engine-choice.ts";
import { type Finished, runProgram } from "./run-program.ts";

/** A machine that a stack makes in a cloud. */
export type CloudSettings = Extract<MachineSettings, { kind: "aws" | "gcp" }>;

/** Something that a cloud machine takes of this computer, and how to find out whether it is there. */
interface Need {
  /** `credentials`: stable, for programs that read it. */
  readonly what: string;
  readonly command: readonly string[];
  /** What it says when it is there, as a line for people; undefined when what was said means that it is not. */
  readonly found: (said: string) => string | undefined;
  readonly missing: string;
  readonly try: string;
}

/** What this computer has of what a cloud machine takes, and what it lacks. */
export interface ComputerVerdict {
  readonly found: readonly { readonly what: string; readonly found: string }[];
  readonly missing: readonly Finding[];
}

/** Looks for the programs and the credentials by which a machine in a cloud is made and reached. Changes nothing. */
export async function lookForNeeds(settings: CloudSettings, engine: Engine): Promise<ComputerVerdict> {
  const needs = settings.kind === "aws" ? awsNeeds(settings) : gcpNeeds(settings);
  const found: { what: string; found: string }[] = [];
  const missing: Finding[] = [];
  if (engine.kind === "cli") found.push({ what: "engine", found: engine.about });
  else missing.push({ what: "engine", ...noCli(settings.kind) });
  for (const need of needs) {
    const { what, command } = need;
    const answer = await runProgram(command, { timeoutSeconds: 60 });
    const line = answer.exitCode === 0 ? need.found(answer.stdout.trim()) : undefined;
    if (line !== undefined) found.push({ what, found: line });
    else missing.push({ what, found: explain(need, answer), try: need.try });
  }
  return { found, missing };
}

function explain({ command, missing }: Need, { exitCode, stderr }: Finished): string {
  if (exitCode === 127) return `${command[0]} is not installed here: ${missing}`;
  const said = stderr.trim().split("\n").slice(-3).join(" ");
  return `${missing}${said ? `; ${command.slice(0, 3).join(" ")} says: ${said}` : ""}`;
}

function noCli(cloud: string): { found: string; try: string } {
  return {
    found: `no Pulumi CLI was found, and the embedded engine cannot load the provider of ${cloud}`,
    try: "https://www.pulumi.com/docs/install",
  };
}

const first = (said: string) => said.split("\n")[0];

function* awsNeeds({ access, region, account }: Extract<CloudSettings, { kind: "aws" }>): Iterable<Need> {
  const why = {
    ssm: "access ssm goes through it",
    "instance-connect-endpoint": "access instance-connect-endpoint goes through version 2 of it",
    public: "credentials are checked with it",
  };
  // Version 1 has no tunnel of Instance Connect.
  const version = access.kind === "instance-connect-endpoint" ? /^aws-cli\/[2-9]/ : /^aws-cli\//;
  yield {
    what: "aws",
    command: ["aws", "--version"],
    found: (said) => (version.test(said) ? first(said) : undefined),
    missing: why[access.kind],
    try: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  };
  if (access.kind === "ssm") {
    yield {
      what: "session-manager-plugin",
      command: ["session-manager-plugin", "--version"],
      found: first,
      missing: "access ssm goes through it",
      try: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
    };
  }
  yield {
    what: "credentials",
    command: ["aws", "sts", "get-caller-identity", "--region", region, "--query", "[Account,Arn]", "--output", "text"],
    found: (said) => {
      const [is, who] = said.split(/\s+/);
      return account === undefined || is === account ? `account ${is}, ${who}` : undefined;
    },
    missing:
      account === undefined
        ? "no credentials of AWS are in force"
        : `no credentials of account ${account} are in force`,
    try: "aws sso login, or set AWS_PROFILE; then: aws sts get-caller-identity",
  };
}

function* gcpNeeds({ access, project }: Extract<CloudSettings, { kind: "gcp" }>): Iterable<Need> {
  yield {
    what: "gcloud",
    command: ["gcloud", "--version"],
    found: first,
    missing: access.kind === "iap" ? "access iap goes through it" : "credentials are checked with it",
    try: "https://cloud.google.com/sdk/docs/install",
  };
  if (access.kind === "iap") {
    yield {
      what: "login",
      command: ["gcloud", "auth", "list", "--filter=status:ACTIVE", "--format=value(account)"],
      found: (said) => (said === "" ? undefined : first(said)),
      missing: "nobody is logged in to gcloud, and access iap goes through it",
      try: "gcloud auth login",
    };
  }
  const given = ["GOOGLE_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"].find(
    (name) => process.env[name],
  );
  if (given === undefined) {
    yield {
      what: "credentials",
      // It prints a token, which goes nowhere from here.
      command: ["gcloud", "auth", "application-default", "print-access-token"],
      found: () => "application default credentials",
      missing: "there are no application default credentials, by which Pulumi works",
      try: "gcloud auth application-default login, or set GOOGLE_CREDENTIALS",
    };
  }
  yield {
    what: "project",
    command: ["gcloud", "projects", "describe", project, "--format=value(projectId)"],
    found: (said) => (said === project ? said : undefined),
    missing: `project ${project} cannot be seen`,
    try: "gcloud projects list; ask for a role in the project",
  };
}
