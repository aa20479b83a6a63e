import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test } from "vitest";

interface Declared {
  readonly type: string;
  readonly name: string;
  readonly inputs: Record<string, unknown>;
}

const declared: Declared[] = [];

describe("the program's resources, with Pulumi's mocks", () => {
  beforeAll(async () => {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs }) => {
          declared.push({ type, name, inputs });
          const outputs = { containerId: "c0ffee", address: "127.0.0.1", port: 2222, user: "admin", network: "net" };
          return { id: `${name}-id`, state: { ...inputs, ...outputs, publicKey: `ssh-ed25519 ${name}` } };
        },
        call: () => ({}),
      },
      "nemoclaw",
      "test",
    );
    const { provideMachine } = await import("../../components/machine/provide-machine.ts");
    const { SandboxHost } = await import("../../components/sandbox-host.ts");
    const { AgentSandbox } = await import("../../components/agent-sandbox.ts");
    const on = await provideMachine("machine", { kind: "local", demo: true });
    const host = new SandboxHost("host", { on, runtime: { kind: "embedded", accept: ["binaries"] } });
    const agent = new AgentSandbox("main", {
      host,
      policy: {
        version: 1,
        filesystem_policy: { read_only: ["/usr"], read_write: ["/sandbox"] },
        network_policies: { web: { endpoints: [{ host: "example.com", port: 443 }], binaries: [{ path: "/**" }] } },
      } as never,
      agent: { version: "2026.9.6" },
      limits: { memory: "2500M", cpus: 2, pids: 512, logs: "200M" },
      inference: { baseUrl: "https://model.example/v1", model: "m", key: pulumi.secret("k") },
    });
    await new Promise((done) => agent.reach.sandboxId.apply(done));
    await new Promise((done) => agent.model.apply(done));
    await new Promise((done) => setTimeout(done, 50));
  });

  const one = (type: string) => {
    const found = declared.filter((each) => each.type === type);
    expect(found, type).toHaveLength(1);
    return found[0] as Declared;
  };

  test("the static and the network part of the policy go to resources of their own", () => {
    expect(one("nemoclaw:host:Sandbox").inputs.policy).toEqual({
      version: 1,
      filesystem_policy: { read_only: ["/usr"], read_write: ["/sandbox"] },
    });
    expect(Object.keys(one("nemoclaw:host:NetworkPolicy").inputs.networkPolicies as object)).toEqual(["web"]);
  });

  test("the network policy is told what the stack takes knowingly", () => {
    expect(one("nemoclaw:host:NetworkPolicy").inputs).toMatchObject({ accept: ["binaries"] });
  });

  test("what should run says so among its inputs, so that a stopped one is a difference", () => {
    expect(one("nemoclaw:host:Sandbox").inputs).toMatchObject({ running: true, enabled: true });
    expect(one("nemoclaw:host:DockerEngine").inputs).toMatchObject({ running: true, enabled: true });
    expect(one("nemoclaw:host:InferenceRoute").inputs).toMatchObject({ running: true, inForce: true });
  });

  test("what an agent asks for is approved by people, so that another way is a difference", () => {
    expect(one("nemoclaw:host:NetworkPolicy").inputs).toMatchObject({ approval: "manual" });
  });

  test("the machine pins the host key that the stack made, and carries the installation as its owner", () => {
    const { machine } = one("nemoclaw:host:Sandbox").inputs as { machine: Record<string, unknown> };
    expect(machine).toMatchObject({
      id: "local:c0ffee",
      address: "127.0.0.1",
      port: 2222,
      hostKeys: ["ssh-ed25519 machine-host-key"],
      owner: { project: "nemoclaw", stack: "test", installation: "machine-user-key-id" },
    });
  });

  test("the local machine gets the private host key, and the demo its network", () => {
    expect(one("nemoclaw:local:Machine").inputs).toMatchObject({ name: "nemoclaw-test", running: true });
    expect(one("nemoclaw:local:Demo").inputs).toMatchObject({ network: "net" });
  });
});
