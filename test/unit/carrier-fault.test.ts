import { describe, expect, test } from "vitest";
import { carrierFault } from "../../host/carrier-fault.ts";
import { HostError } from "../../host/errors.ts";
import { reach } from "../../host/reach.ts";
import { newKey } from "../support/fake-host.ts";

const fault = (program: string, said: string) => {
  const error = new HostError("unreachable", { summary: "closed", said });
  return carrierFault([program, "ssm"], "admin@box", error)?.message;
};

describe("a program that carries the connection, and cannot", () => {
  // As aws 1.45 and gcloud 528 said it, but for what needs an account to be said.
  test.each([
    ["aws", 'Unable to locate credentials. You can configure credentials by running "aws configure".', "aws sso login"],
    ["aws", "An error occurred (ExpiredTokenException) when calling the StartSession operation", "aws sso login"],
    ["gcloud", "You do not currently have an active account selected.\n  $ gcloud auth login", "gcloud auth login"],
    ["aws", "SessionManagerPlugin is not found. Please refer to SessionManager Documentation here", "plugin.html"],
    ["aws", "aws: error: argument operation: Invalid choice, valid choices are:", "its current version"],
    ["aws", "User: arn:aws:iam::1:user/me is not authorized to perform: ssm:StartSession", "ask for the right"],
  ])("%s: %s", (program, said, hint) => {
    expect(fault(program, said)).toContain(hint);
    expect(fault(program, said)).toContain("admin@box is reached through it");
  });

  test.each([
    "An error occurred (TargetNotConnected) when calling the StartSession operation: i-1 is not connected.",
    "ERROR: (gcloud.compute.start-iap-tunnel) Error while connecting [4003: 'failed to connect to backend'].",
    "ERROR: (gcloud.compute.start-iap-tunnel) Error while connecting [4033: 'not authorized'].",
    "",
  ])("may only be early, and is waited for: %s", (said) => expect(fault("aws", said)).toBeUndefined());

  test("is told at once, and not waited for", async () => {
    const key = newKey();
    const via = { kind: "command" as const, argv: ["sh", "-c", "echo Unable to locate credentials >&2; exit 255"] };
    const owner = { project: "p", stack: "s", installation: "i" };
    const box = {
      id: "x",
      address: "i-1",
      port: 22,
      user: "admin",
      arch: "amd64" as const,
      gpu: "none" as const,
      owner,
    };
    const machine = { ...box, hostKeys: [key.public], privateKey: key.private, via };
    await expect(reach(machine, { connectSeconds: 600 })).rejects.toMatchObject({
      kind: "unreachable",
      message: expect.stringMatching(/^sh is not logged in here, and admin@i-1 is reached through it/),
    });
  });
});
