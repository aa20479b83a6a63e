import { describe, expect, test } from "vitest";
import type { Engine } from "../../scripts/engine-choice.ts";
import { passphraseHint } from "../../scripts/passphrase-hint.ts";
import { readStackState } from "../../scripts/stack-state.ts";
import { SmallClone } from "../support/small-clone.ts";

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

describe("secrets that nobody can open", () => {
  const tried = /\n {2}try {3}set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the stack's own$/;
  const missing = "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE";
  const wrong = "error: incorrect passphrase";

  test("bring what to try, whichever script asks, also where no stack file says which machine", async () => {
    await using clone = new SmallClone({ "pulumi-language-nodejs": "" });
    for (const [script, said] of [
      ["status", wrong],
      ["stop", missing],
      ["start", wrong],
      ["drift", missing],
      ["logs", wrong],
      ["doctor", wrong],
    ] as const) {
      clone.program("pulumi", `case "$*" in version) echo v3.270.0 ;; *) echo '${said}' >&2; exit 255 ;; esac`);
      const { exitCode, output } = await clone.script(script, ["-s", "prod"]).ended;
      expect([script, exitCode, output.trim()]).toEqual([script, 1, expect.stringMatching(tried)]);
    }
  }, 120_000);

  test("of a stack that lives in the clone are opened by the clone's own file", () => {
    expect(passphraseHint("local", "error: incorrect passphrase")).toMatch(/^put back the file .nemoclaw.passphrase /);
    expect(passphraseHint("prod", "ssh: this private key is passphrase protected")).toBeUndefined();
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
