import { beforeAll, expect, test } from "vitest";
import { provideMachine } from "../../components/machine/provide-machine.ts";
import { SandboxHost } from "../../components/sandbox-host.ts";
import { type DeclaredResource, declare } from "../support/declared-graph.ts";

const runtime = { kind: "openshell" as const, accept: ["docker-version"] };

const h100 = { model: "H100", count: 1 };

function declared(gpu: "none" | typeof h100): Promise<DeclaredResource[]> {
  return declare(async () => {
    const on = await provideMachine("machine", {
      kind: "existing",
      address: "gpu.example.com",
      port: 22,
      user: "ubuntu",
      hostKeys: ["ssh-ed25519 HOST"],
      arch: "amd64",
      gpu,
      prepared: { runtime, docker: "docker" },
    });
    new SandboxHost("host", { on, runtime, docker: "docker", mirrors: { apt: "https://mirror.example" } });
  });
}

let resources: DeclaredResource[];
beforeAll(async () => {
  resources = await declared(h100);
});

test("a machine that exists is looked at for what the runtime asks and Docker needs, before anything is done to it", () => {
  expect(inputsOf("nemoclaw:host:Preflight")).toMatchObject({ fit: true, runtime, docker: "docker" });
  const made = resources.filter(({ type }) => type === "nemoclaw:host:DockerEngine");
  expect(made.map(({ options }) => options.dependsOn)).toEqual([
    expect.arrayContaining(["nemoclaw:host:Preflight machine-preflight"]),
  ]);
});

test("what a machine without Docker gets is on its resource", () => {
  expect(inputsOf("nemoclaw:host:DockerEngine")).toMatchObject({ source: "docker", enabled: true, running: true });
});

test("its GPUs are made usable for containers, once Docker is there, with a driver of the machine's own choice", () => {
  const { machine, mirrors, ...rest } = inputsOf("nemoclaw:host:NvidiaGpu");
  expect(machine).toMatchObject({ gpu: h100, hostKeys: ["ssh-ed25519 HOST"] });
  expect(mirrors).toEqual({ apt: "https://mirror.example" });
  expect(rest).toEqual({ usable: true });
  const [gpu] = resources.filter(({ type }) => type === "nemoclaw:host:NvidiaGpu");
  expect(gpu?.options.dependsOn).toContain("nemoclaw:host:DockerEngine host-docker");
});

test("of a machine without a GPU nothing is made usable", async () => {
  const types = (await declared("none")).map(({ type }) => type);
  expect(types).toContain("nemoclaw:host:DockerEngine");
  expect(types).not.toContain("nemoclaw:host:NvidiaGpu");
});

function inputsOf(type: string): Record<string, unknown> {
  const found = resources.filter((each) => each.type === type);
  expect(found, type).toHaveLength(1);
  return found[0]?.inputs ?? {};
}
