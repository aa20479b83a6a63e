import { describe, expect, test } from "vitest";
import { explainFailure } from "../../host/failure.ts";
import type { Machine } from "../../host/machine.ts";
import { ownerLabels } from "../../host/runtimes/openshell/box-owner.ts";
import { network } from "../../host/runtimes/openshell/network.ts";
import { rejectedParts } from "../../host/runtimes/openshell/rejected-policy.ts";
import { mergePolicies, type NamedPolicy } from "../../policies/merge.ts";
import { originsOf } from "../../policies/origins.ts";
import { readPolicy } from "../../policies/read.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { networkPolicy } from "../../provider/handlers/network-policy.ts";
import { someMachine } from "../support/some-machine.ts";
import { withStandIns } from "../support/stand-ins.ts";

/** A policy that OpenShell refuses, and the line of ours that it means. What it says is worded as its 0.0.112 does. */
const mine = `version: 1
network_policies:
  # What tickets are for.
  tickets:
    name: the tickets
    endpoints:
      - host: tickets.example.com
        port: 443
      - host: files.example.com
        port: 443
        protocol: rest
        access: read-only
    binaries: [{ path: /usr/bin/curl }]
`;
const theirs = `version: 1
network_policies:
  web-own:
    endpoints: [{ host: www.example.com, port: 443 }]
    binaries: [{ path: /usr/bin/curl }]
`;
const source = (file: string, text: string): NamedPolicy => ({ name: file, file, ...readPolicy(text, file) });
const sources = [source("policies/presets/web-own.yaml", theirs), source("policies/mine.yaml", mine)];
const blocks = mergePolicies(sources).network_policies;
const origins = originsOf(blocks, sources);

const block = "policies/mine.yaml:5  network_policies.tickets";
const first = "policies/mine.yaml:7  network_policies.tickets.endpoints[0] (tickets.example.com)";
const second = "policies/mine.yaml:9  network_policies.tickets.endpoints[1] (files.example.com)";
const web = "policies/presets/web-own.yaml:4  network_policies.web-own.endpoints[0] (www.example.com)";

describe("where a policy's parts stand", () => {
  test("each block and endpoint has its file and line", () => {
    expect(origins).toEqual({
      "network_policies.tickets": "policies/mine.yaml:5",
      "network_policies.tickets.endpoints[0]": "policies/mine.yaml:7",
      "network_policies.tickets.endpoints[1]": "policies/mine.yaml:9",
      "network_policies.web-own": "policies/presets/web-own.yaml:4",
      "network_policies.web-own.endpoints[0]": "policies/presets/web-own.yaml:4",
    });
  });

  test("an endpoint that is left out does not move the others' lines", () => {
    const { tickets } = blocks;
    const less = { tickets: { ...tickets, endpoints: tickets?.endpoints.slice(1) ?? [] } } as typeof blocks;
    expect(originsOf(less, sources)["network_policies.tickets.endpoints[0]"]).toBe("policies/mine.yaml:9");
  });

  test("a host that is written twice has a line each time", () => {
    const twice = [source("policies/mine.yaml", mine.replace("files.example.com", "tickets.example.com"))];
    const found = originsOf(mergePolicies(twice).network_policies, twice);
    expect(found["network_policies.tickets.endpoints[0]"]).toBe("policies/mine.yaml:7");
    expect(found["network_policies.tickets.endpoints[1]"]).toBe("policies/mine.yaml:9");
  });
});

const unsafe = (...violations: string[]) =>
  `Error:   × status: InvalidArgument, message: "policy contains unsafe content: ${violations.join("; ")}"`;

describe("what OpenShell refuses", () => {
  test.each<[string, string, string[]]>([
    [
      "a host",
      unsafe(
        "network policy 'the tickets': TLD wildcard 'files.example.com' is not allowed; use subdomain wildcards like '*.example.com' instead",
      ),
      [second],
    ],
    [
      "an endpoint by number",
      unsafe(
        "network policy 'the tickets': endpoint 1 has invalid L7 configuration: path must start with '/' or be '**'",
      ),
      [second],
    ],
    ["a block alone", unsafe("network policy 'tickets': endpoint host must not be empty"), [block]],
    [
      "several things at once",
      unsafe(
        "network policy 'tickets': endpoint 'tickets.example.com' must declare at least one port",
        "network policy 'web-own': endpoint 0 has invalid L7 configuration: x",
      ),
      [first, web],
    ],
    [
      "lines broken for a terminal, after a hyphen too",
      "Error:   × policy contains unsafe content: network policy 'web-\n  │ own': endpoint\n  │ 'www.example.com' has invalid port 0; expected 1..=65535\n",
      [web],
    ],
    [
      "two that do not agree",
      "network policies 'web-own' endpoint[0] (www.example.com:443) and 'tickets' endpoint[1] (files.example.com:443) overlap on port(s) 443 with conflicting metadata: tls",
      [second, web],
    ],
    ["a host without its block", "credential_binding.provider is required for endpoint 'tickets.example.com'", [first]],
    ["a path", "failed to parse policy: network_policies.tickets.endpoints[1].access: unknown variant", [second]],
    ["a key", "network_policies key 'tickets' uses reserved '_provider_' prefix", [block]],
  ])("%s", (_it, said, lines) => expect(rejectedParts(said, blocks, origins)?.split(/\n +/)).toEqual(lines));

  test.each(["", "deadline exceeded", "process cannot be changed on a live sandbox"])("nothing of ours: %j", (said) =>
    expect(rejectedParts(said, blocks, origins)).toBeUndefined(),
  );

  test("without origins, as a state of an older release has none, the property path", () => {
    expect(rejectedParts("network policy 'tickets': endpoint 1 has", blocks)).toBe(
      "network_policies.tickets.endpoints[1] (files.example.com)",
    );
  });

  const plan = () => {
    const { owner } = someMachine;
    const spec = { sandbox: "main", owner, networkPolicies: blocks, origins, approval: "manual", inForce: true };
    const policy = { kind: "there", policy: { version: 1 }, hash: "h", version: 1 };
    const box = { kind: "there", labels: ownerLabels(owner), loadedVersion: 1 };
    const now = { box, addresses: [], approval: undefined, policy: { box, policy } };
    const step = network.step(spec) as { plan(now: unknown): Parameters<typeof explainFailure>[2] };
    return step.plan(now);
  };
  const failure = (said: string, { exitCode = 1, seconds = 1 } = {}) =>
    explainFailure({ address: "10.0.0.1" } as Machine, "network policy of main", plan(), {
      n: 1,
      exitCode,
      said,
      seconds,
    }).message;

  test("is named by file and line in the message a person reads", () => {
    expect(failure(unsafe("network policy 'the tickets': endpoint 1 has invalid L7 configuration: x"))).toMatch(
      /^network policy of main on 10\.0\.0\.1: load .*ran .*said .*\n {2}try {3}what was in force before still is; what it refuses stands at\n {8}policies\/mine\.yaml:9 {2}network_policies\.tickets\.endpoints\[1\] \(files\.example\.com\)$/s,
    );
  });

  test("where it names nothing, the message says where to look", () => {
    for (const said of ["status: InvalidArgument", "unknown variant of an internal kind"])
      expect(failure(said)).toMatch(/try {3}what was in force before still is; look for/);
  });

  const submitted = "✓ Policy version 7 submitted (hash: abc)\n";

  test("one that the sandbox cannot load leaves in force what was", () => {
    expect(failure(`${submitted}✗ Policy version 7 failed to load: network policy 'tickets': endpoint 1`)).toMatch(
      /try {3}what was in force before still is; what it refuses stands at\n {8}policies\/mine\.yaml:9 /,
    );
  });

  test.each<[string, string, { exitCode?: number; seconds?: number }?]>([
    ["that OpenShell waited for in vain", late(), { exitCode: 124, seconds: 61 }],
    ["whose gateway went away meanwhile", `${submitted}Error:   × transport error`],
    ["whose gateway went away before it answered", "Error:   × transport error\n  ╰─▶ broken pipe"],
    ["whose gateway cannot be reached", "Error:   × client error (Connect)\n  ╰─▶ Connection refused (os error 111)"],
    ["whose gateway failed", 'Error:   × status: Unavailable, message: "error reading a body from connection"'],
    ["that was itself stopped", submitted, { exitCode: 124, seconds: 90 }],
    ["that was itself stopped before it said anything", "", { exitCode: 137, seconds: 90 }],
  ])("a load %s may yet come into force, and the message says so", (_it, said, how) => {
    const message = failure(said, how);
    expect(message).toMatch(
      /try {3}the gateway (has|may have) the new policy, and it may yet come into force: openshell policy get main --base /,
    );
    expect(message).not.toContain("before still is");
  });

  /** What the load itself says where OpenShell's CLI ends as it does after its own time limit. */
  function late(): string {
    const [, load] = plan();
    const script = load?.script.replace(/^.* 2>&1/, '{ echo "waited in vain"; (exit 124); }');
    const { stdout, exitCode } = withStandIns({ rm: ":" }, script ?? "");
    expect(exitCode).toBe(124);
    return stdout;
  }
});

describe("another line alone", () => {
  const at = "urn:pulumi:s::nemoclaw::nemoclaw:host:NetworkPolicy::main-network";
  const inputs = { sandbox: "main", networkPolicies: blocks, inForce: true };
  const plugin = new Dispatcher([networkPolicy], () => {});
  const change = (before: object, after: object) =>
    plugin.diff("id", at, { ...inputs, ...before }, { ...inputs, ...after });

  test.each<[string, object, object]>([
    ["moved", { origins }, { origins: { ...origins, "network_policies.tickets": "policies/mine.yaml:50" } }],
    ["noted for the first time", {}, { origins }],
    ["no longer noted", { origins }, {}],
  ])("%s is no change", async (_it, before, after) => {
    expect(await change(before, after)).toMatchObject({ changes: false, changed: [], detail: {} });
  });

  test("beside a change it is not shown", async () => {
    const diff = await change({ origins: {} }, { origins, networkPolicies: { web: blocks["web-own"] } });
    expect(Object.keys(diff)).toContain("changed");
    expect(diff).toMatchObject({ changes: true, changed: ["networkPolicies"] });
  });
});
