import { describe, expect, test } from "vitest";
import type { Engine } from "../../scripts/engine-choice.ts";
import { readStackState } from "../../scripts/stack-state.ts";

describe("a state that an engine does not give", () => {
  /** A stand-in for an engine that says this and fails. */
  const engine = (said: string): Engine => {
    return { kind: "cli", about: "", command: ["sh", "-c", 'echo "$0" >&2; exit 255', said], path: [] };
  };

  test.each([
    "error: no stack named 'prod' found",
    'no stack named "prod" in /state/.pulumi; make it with: stack init prod',
  ])("is none where there is no such stack: %s", async (said) => {
    expect(await readStackState(engine(said), "prod")).toBeUndefined();
  });

  test.each([
    "error: NotFoundException: Alias arn:aws:kms:eu-central-1:1:alias/pulumi is not found.",
    "error: secrets (code=NotFound): key not found",
    "error: could not load the plugin: pulumi-resource-aws not found",
  ])("is an error where something else is missing: %s", async (said) => {
    await expect(readStackState(engine(said), "prod")).rejects.toThrow(
      `the state of stack prod could not be read\n  ran   pulumi stack export --show-secrets --stack prod   (exit 255)\n  said  ${said}`,
    );
  });
});

describe("a state that an engine gives", () => {
  const engine = (deployment: object | null): Engine => {
    const printed = JSON.stringify({ version: 3, deployment });
    return { kind: "cli", about: "", command: ["sh", "-c", 'echo "$0"', printed], path: [] };
  };

  test("of a stack that nothing was ever made of has no resources", async () => {
    expect(await readStackState(engine(null), "prod")).toMatchObject({ resources: [], cutCreations: [] });
  });

  test("tells what an update was making when it was interrupted", async () => {
    const resource = (type: string, name: string) => ({ type, urn: `urn:pulumi:prod::nemoclaw::${type}::${name}` });
    const pending_operations = [
      { type: "creating", resource: resource("nemoclaw:host:Sandbox", "main-sandbox") },
      { type: "updating", resource: resource("nemoclaw:host:DockerEngine", "host-docker") },
    ];
    expect((await readStackState(engine({ resources: [], pending_operations }), "prod"))?.cutCreations).toEqual([
      "sandbox main-sandbox",
    ]);
  });
});
