import { describe, expect, test, vi } from "vitest";
import { someMachine } from "../support/some-machine.ts";

/** What a preview says of releases, asked of the plugin's own check; nothing is touched by it. */
let version = "0.1.9";
vi.mock("../../host/lock.ts", async (original) => {
  const real = await original<typeof import("../../host/lock.ts")>();
  const { withOpenshell } = await import("../support/pinned-openshell.ts");
  return { ...real, readLock: () => withOpenshell(real.readLock(), version) };
});

const { Dispatcher } = await import("../../provider/dispatch.ts");
const { sandboxRuntime } = await import("../../provider/handlers/sandbox-runtime.ts");
const { pinnedRelease } = await import("../../host/runtimes/openshell/pinned-release.ts");

const urn = "urn:pulumi:s::nemoclaw::nemoclaw:index:SandboxHost$nemoclaw:host:SandboxRuntime::host-runtime";
const inputs = {
  machine: someMachine,
  kind: "openshell",
};

async function check(pinned: string, accept: string[] = [], olds: object = {}) {
  version = pinned;
  const warnings: string[] = [];
  const plugin = new Dispatcher([sandboxRuntime], (_urn, message, kind) => {
    if (kind === "warning") warnings.push(message);
  });
  const result = await plugin.check(urn, { ...olds }, { ...inputs, accept });
  // A replacement is checked a second time, as if it were new.
  await plugin.check(urn, {}, { ...inputs, accept });
  return { ...result, warnings, plugin };
}

describe("a release of OpenShell at preview", () => {
  test("one whose line was run says nothing", async () => {
    const { failures, warnings, inputs: filled } = await check("0.0.112");
    expect([failures, warnings]).toEqual([undefined, []]);
    expect(filled).toMatchObject({ line: "0.0.11x", versions: { openshell: "0.0.112" } });
  });

  test("one whose line was never run says so, once", async () => {
    const { warnings } = await check("0.1.9");
    expect(warnings).toEqual([expect.stringMatching(/^OpenShell 0\.1\.9: .* never run .* docs\/verified\.md$/)]);
  });

  test("a patch release is an update in place", async () => {
    const before = await check("0.1.8");
    const { failures, inputs: wanted, plugin } = await check("0.1.9", [], before.inputs);
    expect(failures).toBeUndefined();
    const { changes, replaces } = await plugin.diff("id", urn, before.inputs, wanted);
    expect([changes, replaces]).toEqual([true, []]);
  });

  test("a release that is no upgrade is refused with what would be lost, before anything is touched", async () => {
    const before = await check("0.0.112");
    const { failures } = await check("0.1.9", [], before.inputs);
    expect(failures).toEqual([
      {
        property: "accept",
        reason: expect.stringMatching(
          /^OpenShell 0\.0\.112 cannot be upgraded to 0\.1\.9 .* Lost: .*conversations.* Kept: the workspace\. .*accept: \[recreate\]/,
        ),
      },
    ]);
  });

  test("taken knowingly, it replaces, and the same is a warning", async () => {
    const before = await check("0.0.112");
    const { failures, warnings, inputs: wanted, plugin } = await check("0.1.9", ["recreate"], before.inputs);
    expect(failures).toBeUndefined();
    expect(warnings).toContainEqual(expect.stringContaining("Lost: the agent's conversations"));
    expect((await plugin.diff("id", urn, before.inputs, wanted)).replaces).toEqual(["line"]);
  });

  test("another runtime before it is no release of OpenShell", async () => {
    const embedded = { ...inputs, kind: "embedded", versions: { node: "1" } };
    expect((await check("0.1.9", [], embedded)).failures).toBeUndefined();
  });
});

describe("what is pinned of a release", () => {
  const release = (pinned: string, arch: unknown = "amd64") => {
    version = pinned;
    return pinnedRelease({ arch: arch as "amd64" });
  };

  test("0.0.11x has one image, 0.1.x two (from-docs)", () => {
    expect(release("0.0.112")).toMatchObject({
      supervisor: { reference: expect.stringContaining("supervisor:0.0.112") },
    });
    expect(release("0.0.112").runtime).toBeUndefined();
    expect(release("0.1.9").runtime).toMatchObject({ reference: "ghcr.io/nvidia/openshell/sandbox:0.1.9" });
  });

  test("0.1.10 and what follows are published elsewhere (from-docs)", () => {
    for (const pinned of ["0.1.10", "0.1.10-rc.1", "0.1.11"]) {
      const { supervisor, runtime } = release(pinned);
      expect([supervisor.reference, runtime?.reference]).toEqual([
        `quay.io/ai-openshell/supervisor:${pinned}`,
        `quay.io/ai-openshell/sandbox:${pinned}`,
      ]);
    }
  });

  test("of a machine that is not made yet it is enough that one processor's is pinned", () => {
    expect(release("0.1.9", "not known yet").version).toBe("0.1.9");
  });
});
