import { expect, test } from "vitest";
import { runtimeOf } from "../../provider/handlers/runtimes.ts";
import { gapsIn } from "../../scripts/policy-gaps.ts";
import type { StateResource } from "../../scripts/stack-state.ts";
import { parseConfig, type Settings } from "../../stacks/settings/parse-config.ts";

const ofAllKinds = `
version: 1
network_policies:
  x:
    endpoints:
      - { host: git.example.com, port: 443, protocol: graphql, access: full }
      - { host: api.example.com, port: 443, credential_binding: { provider: p } }
    binaries: [{ path: /usr/bin/git }]
network_middlewares:
  m: { name: m, middleware: p, endpoints: { include: ["*.example.com"] } }
filesystem_policy:
  read_only: [/proc, /home/anna, /etc/nemoclaw, /opt/in]
  read_write: [/sandbox, /opt, /opt/in/deep]
`;
const kinds = ["binaries", "credentials", "deployment", "homes", "middlewares", "nesting", "protocols"];

function settings(accept: readonly string[], policy = ofAllKinds): Settings {
  const raw = {
    machine: { kind: "local" },
    runtime: { kind: "embedded", accept },
    inference: { kind: "openai", baseUrl: "http://models.internal:8080/v1", model: "demo-1" },
    policy: { file: "own.yaml" },
  };
  const around = { readFile: () => policy, encrypted: new Set<string>() };
  const { settings: found, faults } = parseConfig(raw, around);
  expect(faults ?? []).toEqual([]);
  return found as Settings;
}

/** What `status` says of a stack whose state holds the policy as the program declares it. */
function told({ policy }: Settings, outputs: Record<string, unknown>): string[] {
  const { network_policies: networkPolicies, network_middlewares: _, ...fixed } = policy;
  const resource = (type: string, more: Partial<StateResource>): StateResource => {
    return { urn: `urn:pulumi:dev::nemoclaw::${type}::x`, type, inputs: {}, outputs: {}, ...more };
  };
  const resources = [
    resource("pulumi:pulumi:Stack", { outputs }),
    resource("nemoclaw:host:Sandbox", { inputs: { policy: fixed } }),
    resource("nemoclaw:host:NetworkPolicy", { inputs: { networkPolicies } }),
  ];
  const state = { resources, find: (type: string) => resources.find((one) => one.type === type) };
  return [...new Set(gapsIn({ state, runtime: runtimeOf("embedded") }).map(({ accept }) => accept))].toSorted();
}

test("what was accepted and left out of the policy is told by name, of every kind", () => {
  const found = settings(kinds);
  expect(told(found, { gaps: found.gaps })).toEqual(kinds);
  expect(found.gaps).toContainEqual({
    accept: "protocols",
    path: "network_policies.x.endpoints[0].protocol",
    message: "graphql is not understood: this endpoint stays shut",
  });
});

test("a policy without such a thing has none", () => {
  const found = settings([], "version: 1\nfilesystem_policy: { read_only: [/proc] }\n");
  expect(told(found, { gaps: found.gaps })).toEqual([]);
});

test("a state of before that was told, and of a program of one's own, is judged by the policy in it", () => {
  expect(told(settings(kinds), {})).toEqual(["binaries"]);
});
