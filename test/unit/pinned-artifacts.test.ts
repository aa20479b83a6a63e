import { describe, expect, test } from "vitest";
import { localArch } from "../../components/machine/local-arch.ts";
import { artifactFaults } from "../../stacks/settings/pinned-artifacts.ts";
import { files, somePins, sum } from "../support/some-pins.ts";

const none = { "linux-amd64": null, "linux-arm64": null };
const onlyArm64 = { "linux-amd64": null, "linux-arm64": sum };

/** One line for each fault of a stack whose lock file pins these as they are here, and everything else. */
function faults(settings: object, artifacts: Record<string, Record<string, string | null>>): string[] {
  const own = Object.entries(artifacts).map(([name, sums]) => [name, { version: "2.0", files: files(sums) }]);
  const found = artifactFaults(settings, somePins({ artifacts: Object.fromEntries(own) }));
  return found.map(({ path, message, instead }) => `${path}: ${message} | ${instead}`);
}

const machine = { kind: "existing", arch: "amd64" };
const runtime = { kind: "embedded" };

describe("a file without a checksum", () => {
  test.each(["embedded", "openshell"])("is refused under %s, with the command that fills it in", (kind) => {
    expect(faults({ machine, runtime: { kind } }, { node: none, npm: none })).toEqual([
      "runtime.kind: nemoclaw.lock.json has no checksum of node 2.0 for linux-amd64 | run scripts/lock refresh node",
      "runtime.kind: nemoclaw.lock.json has no checksum of npm 2.0 for linux-amd64 | run scripts/lock refresh npm",
    ]);
  });

  test.each(["quick", "named"])("is refused for a %s tunnel, which cloudflared opens", (kind) => {
    expect(faults({ machine, runtime, tunnel: { kind } }, { cloudflared: none })).toEqual([
      "tunnel.kind: nemoclaw.lock.json has no checksum of cloudflared 2.0 for linux-amd64 | run scripts/lock refresh cloudflared",
    ]);
  });

  test("is nothing to a stack that does not need it", () => {
    expect(faults({ machine, runtime, tunnel: { kind: "none" } }, { cloudflared: none, openshell: none })).toEqual([]);
    expect(faults({ machine: { kind: "existing", arch: "arm64" }, runtime }, { node: onlyArm64 })).toEqual([]);
  });

  test.each([
    [{ kind: "aws", image: { arch: "amd64" } }, "linux-amd64"],
    [{ kind: "gcp", image: { arch: "amd64" } }, "linux-amd64"],
    [{ kind: "local" }, `linux-${localArch}`],
  ])("is told by the processor of %j", (its, platform) => {
    const found = faults(
      { machine: its, runtime },
      { node: { "linux-amd64": sum, "linux-arm64": sum, [platform]: null } },
    );
    expect(found).toEqual([expect.stringContaining(` for ${platform} |`)]);
  });

  test("is nothing to a machine that cannot be told yet, as long as another processor has one", () => {
    expect(faults({ runtime }, { node: onlyArm64 })).toEqual([]);
    expect(faults({ runtime }, { node: none })).toEqual([expect.stringContaining(" for any processor | run ")]);
  });
});

test.each([
  [
    { "linux-arm64": sum },
    machine,
    "no file of node 2.0 for linux-amd64 | its address at artifacts.node.files.linux-amd64, then run ",
  ],
  [{}, undefined, "no file of node 2.0 for any processor | its address at artifacts.node, then run "],
])("a file that the lock file does not have at all: %j", (sums, its, said) => {
  expect(faults({ machine: its, runtime }, { node: sums as never })).toEqual([expect.stringContaining(said)]);
});
