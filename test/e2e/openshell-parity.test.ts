import { afterAll, beforeAll, describe, test } from "vitest";
import { testStackPrefix } from "../../scripts/test-things.ts";
import type { LocalStack } from "../support/local-stack.ts";
import { type OpenshellMirror, openshellBuild, openshellMirror, upFromMirrors } from "../support/openshell-mirror.ts";
import { openshellStack } from "../support/openshell-stack.ts";
import { type ParityCase, parityNames } from "../support/parity.ts";
import { parityTests } from "../support/parity-tests.ts";

/**
 * The tables of `test/fixtures/parity.yaml` asked of a real build of OpenShell on a real local machine; `parity.test.ts` asks the
 * embedded runtime. The policies are set at the gateway directly: it is about verdicts, not about the resource.
 */

const build = openshellBuild();

/** A test that says why it is skipped where there is no build. */
const run = (name: string, body: () => Promise<void>) =>
  test(name, async ({ skip }) => {
    if (build.skip) skip(build.skip);
    await body();
  });

describe("verdicts of a real OpenShell", { timeout: 900_000 }, () => {
  let stack: LocalStack;
  let mirror: OpenshellMirror;

  beforeAll(async () => {
    if (build.skip) return;
    process.env.NEMOCLAW_ENGINE = "embedded";
    mirror = await openshellMirror(build.folder);
    process.env.NEMOCLAW_LOCK_FILE = mirror.lockFile;
    stack = await openshellStack(`${testStackPrefix}-parity-openshell`);
    await stack.configure((config) => {
      config["nemoclaw:runtime"] = { kind: "openshell", accept: ["docker-version"] };
      config["nemoclaw:policy"] = { presets: [], file: "test/fixtures/policies/parity-files.yaml" };
    });
    await upFromMirrors(stack, [mirror]);
    await stack.shell(`for box in $(docker ps -q); do
  address=$(docker exec "$box" getent hosts demo.nemoclaw.internal | cut -d' ' -f1)
  docker exec -u 0 "$box" sh -c "echo $address ${parityNames.filter((name) => !name.startsWith("demo.")).join(" ")} >>/etc/hosts"
done`);
  }, 1_500_000);

  afterAll(async () => {
    if (build.skip) return;
    await stack.destroy();
    await mirror.remove();
    delete process.env.NEMOCLAW_ENGINE;
    delete process.env.NEMOCLAW_LOCK_FILE;
  });

  async function load(policies: ParityCase["policies"]): Promise<void> {
    const { policy } = JSON.parse(await stack.openshell("policy get main --base -o json")) as { policy: object };
    const text = JSON.stringify({ ...policy, network_policies: policies });
    await stack.shell(`cat >/tmp/parity.json <<'END'\n${text}\nEND\nchmod 644 /tmp/parity.json`);
    await stack.openshell("policy set main --policy /tmp/parity.json --wait");
  }

  parityTests({ runtime: "openshell", run, stack: () => stack, load });
});
