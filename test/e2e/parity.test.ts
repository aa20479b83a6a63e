import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canonical } from "../../policies/canonical.ts";
import { findEngine } from "../../scripts/engine-choice.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";
import { LocalStack } from "../support/local-stack.ts";
import { type ParityCase, parityNames } from "../support/parity.ts";
import { parityTests } from "../support/parity-tests.ts";

/**
 * The tables of `test/fixtures/parity.yaml` asked of the embedded runtime on a real local machine, from inside the sandbox;
 * `openshell-parity.test.ts` asks a real OpenShell. Policies are put before the gate directly: it is about verdicts.
 */
describe("verdicts of the embedded runtime", { timeout: 300_000 }, () => {
  let stack: LocalStack;

  beforeAll(async () => {
    process.env.NEMOCLAW_ENGINE = "embedded";
    stack = await LocalStack.open(`${testStackPrefix}-parity`, await findEngine());
    await stack.destroy();
    const { exitCode, stdout, stderr } = await stack.script("quickstart");
    expect(exitCode, stdout + stderr).toBe(0);
    const names = parityNames.filter((name) => !name.startsWith("demo.")).join(" ");
    await stack.shell(`mkdir -p /srv/read && mkdir -p -m 1777 /srv/shared
echo "$(getent hosts demo.nemoclaw.internal | cut -d' ' -f1) ${names}" >>/etc/hosts`);
    await stack.configure((config) => {
      config["nemoclaw:policy"] = { presets: [], file: "test/fixtures/policies/parity-files.yaml" };
    });
    await stack.up();
  }, 1_200_000);

  afterAll(async () => {
    await stack.destroy();
    delete process.env.NEMOCLAW_ENGINE;
  });

  async function load(policies: ParityCase["policies"]): Promise<void> {
    const text = canonical({ version: 1, network_policies: policies });
    await stack.shell(`cat >/etc/nemoclaw/main/policy.json <<'END'\n${text}END\nsystemctl reload nemoclaw-gate@main`);
    const [sum] = (await stack.shell("sha256sum /etc/nemoclaw/main/policy.json")).split(" ");
    const inForce = async () => JSON.parse(await stack.shell("cat /run/nemoclaw/main-gate.json")).policySha256;
    await expect.poll(inForce, { timeout: 30_000 }).toBe(sum);
  }

  parityTests({ runtime: "embedded", run: test, stack: () => stack, load });
});
