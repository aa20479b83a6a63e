import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parseConfig } from "../../stacks/settings/parse-config.ts";
import { type Pins, readPins } from "../../stacks/settings/pins.ts";
import { newKey } from "../support/fake-host.ts";
import { files as filesOf, somePins, sum } from "../support/some-pins.ts";

/** A lock file that pins a release as far as it says. */
function lock(files: Record<string, string | null>, image: Pins["images"][string]): Pins {
  const artifact = { version: "0.1.9", files: filesOf(files) };
  return somePins({
    artifacts: { openshell: artifact, "openshell-gateway": artifact },
    images: {
      "ghcr.io/nvidia/openshell/supervisor:0.1.9": image,
      "ghcr.io/x/other:1": { digest: null },
      "ghcr.io/x/agent:1": { digest: `sha256:${sum}` },
      "ghcr.io/x/archived:1": { digest: null, archives: { "linux-amd64": { sha256: sum } } },
    },
  });
}

const hostKeys = [newKey().public.trim()];

function parsed(runtime: object, pins: Pins, { arch = "amd64", policyFile = "" } = {}) {
  const raw = {
    machine: { kind: "existing", address: "box.example", user: "admin", hostKeys, agentSocket: "/run/agent", arch },
    runtime,
    ...(policyFile !== "" && { policy: { presets: [], file: "policies/own.yaml" } }),
    inference: { kind: "openai", baseUrl: "https://models.example.com/v1", model: "m" },
  };
  return parseConfig(raw, {
    readFile: (path) => (path.endsWith("policies/own.yaml") && policyFile) || readFileSync(path, "utf8"),
    encrypted: new Set(),
    pins,
  });
}

function faults(runtime: object, pins: Pins, arch?: string): string[] {
  const { faults: found = [] } = parsed(runtime, pins, { arch });
  return found.map(({ path, message, instead }) => `${path}: ${message} | ${instead}`);
}

describe("a stack that runs under OpenShell", () => {
  const pinned = lock({ "linux-amd64": sum, "linux-arm64": null }, { digest: `sha256:${sum}` });
  const unpinned = lock({ "linux-amd64": null, "linux-arm64": null }, { digest: null });

  test.each([
    [{ kind: "openshell" }, pinned],
    [{ kind: "openshell", version: "0.1.9" }, pinned],
    [{ kind: "openshell", image: "ghcr.io/x/agent:1" }, pinned],
    [{ kind: "openshell", image: "ghcr.io/x/archived:1" }, pinned],
    [{ kind: "embedded" }, unpinned],
    [{ kind: "openshell" }, somePins()],
  ])("%j is taken", (runtime, pins) => expect(faults(runtime, pins)).toEqual([]));

  const onlyArm64 = lock({ "linux-arm64": sum }, { digest: null, archives: { "linux-arm64": { sha256: sum } } });

  test("needs what is pinned for its machine's processor, and of nothing else", () => {
    expect(faults({ kind: "openshell" }, onlyArm64, "arm64")).toEqual([]);
    expect(faults({ kind: "openshell" }, onlyArm64)).toEqual([
      expect.stringMatching(
        /no checksums of OpenShell 0\.1\.9: openshell, openshell-gateway, ghcr\.io\/nvidia\/openshell\/supervisor:0\.1\.9 \|/,
      ),
    ]);
    expect(faults({ kind: "openshell", image: "ghcr.io/x/archived:1" }, onlyArm64, "arm64")).toEqual([
      expect.stringMatching(/^nemoclaw:runtime\.image: /),
    ]);
  });

  test("its policy is as it is written, and not as the embedded runtime would keep it", () => {
    const policy = `version: 1
network_policies:
  tickets:
    endpoints:
      - { host: tickets.example.com, port: 443, protocol: graphql, access: read-only }
      - { host: db.example.com, port: 5432, protocol: tcp }
    binaries: [{ path: "/**" }]
`;
    const kept = (runtime: object) => {
      const { settings, faults: found } = parsed(runtime, pinned, { policyFile: policy });
      expect(found).toBeUndefined();
      return settings?.policy.network_policies.tickets?.endpoints.map(({ host, protocol }) => `${host} ${protocol}`);
    };
    expect(kept({ kind: "openshell" })).toEqual(["tickets.example.com graphql", "db.example.com tcp"]);
    expect(kept({ kind: "embedded", accept: ["protocols", "binaries"] })).toEqual(["db.example.com undefined"]);
  });

  test("another version than the pinned one is a fault", () => {
    expect(faults({ kind: "openshell", version: "0.1.8" }, pinned)).toEqual([
      'nemoclaw:runtime.version: "0.1.8" is not the OpenShell that nemoclaw.lock.json pins | 0.1.9, or leave it out; another one is pinned with scripts/lock refresh openshell --version 0.1.8',
    ]);
  });

  test.each(["ghcr.io/x/other:1", "ghcr.io/x/none:1"])("its image %s is not pinned: the command pins it", (image) => {
    expect(faults({ kind: "openshell", image }, pinned)).toEqual([
      `nemoclaw:runtime.image: "${image}" is not an image that nemoclaw.lock.json pins | run scripts/lock refresh ${image}, or leave it out`,
    ]);
  });

  test("without checksums it is refused with the command that fills them in, before any machine is made", () => {
    expect(faults({ kind: "openshell" }, unpinned)).toEqual([
      "nemoclaw:runtime.kind: nemoclaw.lock.json has no checksums of OpenShell 0.1.9: openshell, openshell-gateway, ghcr.io/nvidia/openshell/supervisor:0.1.9 | run scripts/lock refresh openshell, or take runtime: { kind: embedded }",
    ]);
  });

  test("the committed lock file is read", () => {
    const { pins } = readPins((path) => readFileSync(path, "utf8"));
    expect(pins?.artifacts.openshell?.version).toMatch(/^0\.1\.\d+$/);
  });
});
