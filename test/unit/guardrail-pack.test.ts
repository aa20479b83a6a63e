import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, copyFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import grpc from "@grpc/grpc-js";
import structs from "google-protobuf/google/protobuf/struct_pb.js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { guardrails } from "../../policies/guardrails/rules.ts";
import { readPreview } from "../../review/preview/preview.ts";
import { reportOfPreview } from "../../review/preview/report-of-preview.ts";
import { verdictOf } from "../../review/report.ts";
import { RealCli } from "../fixtures/engine/real-cli.ts";
import { Toys } from "../fixtures/engine/toys.ts";
import { putProgram } from "../support/stand-ins.ts";

const load = createRequire(import.meta.url);
const { AnalyzerClient } = load("@pulumi/pulumi/proto/analyzer_grpc_pb.js");
const proto = load("@pulumi/pulumi/proto/analyzer_pb.js");
const { Empty } = load("google-protobuf/google/protobuf/empty_pb.js");
const pack = resolve("policies/guardrails");
const packRunner = load.resolve("@pulumi/pulumi/cmd/run-policy-pack/index.js");

// biome-ignore lint/suspicious/noExplicitAny: the stubs of this service come without types
type Message = any;

let child: ChildProcess;
let client: Record<string, (request: Message, done: (error: Error | null, response: Message) => void) => void>;

beforeAll(async () => {
  // As the CLI's language host starts a pack with `typescript: false`.
  const env = {
    ...process.env,
    PULUMI_NODEJS_TYPESCRIPT: "false",
    PULUMI_NODEJS_PROJECT: "nemoclaw",
    PULUMI_NODEJS_STACK: "test",
  };
  child = spawn(process.execPath, [packRunner, "127.0.0.1:9", pack], {
    cwd: pack,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr?.on("data", (chunk) => {
    said += chunk;
  });
  const port = await Promise.race([
    once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), "line").then(([line]) => Number(line)),
    once(child, "exit").then(() => Promise.reject(new Error(`the pack did not start:\n${said}`))),
  ]);
  client = new AnalyzerClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
});
afterAll(() => {
  (client as unknown as grpc.Client)?.close();
  child?.kill();
});

function ask(method: string, request: Message): Promise<Message> {
  return new Promise((done, fail) => {
    client[method]?.call(client, request, (error, response) => (error ? fail(error) : done(response)));
  });
}

/** What the pack says about a stack, as the engine would ask it. */
async function analyze(stack: { type: string; name: string; props: object; protect?: boolean }[]) {
  const request = new proto.AnalyzeStackRequest();
  request.setResourcesList(
    stack.map(({ type, name, props, protect = false }) => {
      const resource = new proto.AnalyzerResource();
      resource.setType(type);
      resource.setName(name);
      resource.setUrn(`urn:pulumi:test::nemoclaw::${type}::${name}`);
      resource.setProperties(structs.Struct.fromJavaScript(props as Record<string, structs.JavaScriptValue>));
      const options = new proto.AnalyzerResourceOptions();
      options.setProtect(protect);
      resource.setOptions(options);
      return resource;
    }),
  );
  const response = await ask("analyzeStack", request);
  return response.getDiagnosticsList().map((each: Message) => ({
    policy: each.getPolicyname(),
    level: each.getEnforcementlevel(),
    message: each.getMessage(),
    urn: each.getUrn(),
  }));
}

test("the policy pack, in Pulumi's own loader, has every guardrail", async () => {
  const info = await ask("getAnalyzerInfo", new Empty());
  expect(info.getPoliciesList().map((policy: Message) => policy.getName())).toEqual(guardrails.map(({ name }) => name));
});

test("it sees who a tunnel lets in, on the resource itself", async () => {
  const door = { type: "nemoclaw:host:CloudflareTunnel", name: "tunnel", props: { kind: "named" } };
  expect(await analyze([{ ...door, props: { ...door.props, access: "cloudflare-access" } }])).toEqual([]);
  expect(await analyze([{ ...door, props: { ...door.props, access: "public", reason: "an open day" } }])).toEqual([]);
  expect(await analyze([{ ...door, props: { ...door.props, access: "public" } }])).toEqual([
    expect.objectContaining({ policy: "tunnel-access", message: expect.stringContaining("no reason is given") }),
  ]);
  expect(await analyze([door])).toEqual([
    expect.objectContaining({ policy: "tunnel-access", message: expect.stringContaining("says who is let in") }),
  ]);
});

test("it lets a good stack through, and stops a bad one with the rule and the way out", async () => {
  const volume = { type: "aws:ebs/volume:Volume", name: "data", props: { encrypted: true } };
  expect(await analyze([{ ...volume, protect: true }])).toEqual([]);
  expect(await analyze([volume])).toEqual([
    {
      policy: "protected-data",
      level: proto.EnforcementLevel.MANDATORY,
      message: expect.stringMatching(/protect: can be deleted with the stack[\s\S]*Way out: dataDisk/),
      urn: "urn:pulumi:test::nemoclaw::aws:ebs/volume:Volume::data",
    },
  ]);
});

const cli = RealCli.find();

test("the real CLI's JSON does not tell what the pack found; the review does", { timeout: 240_000 }, async ({
  skip,
}) => {
  if (!cli)
    skip("no pulumi with pulumi-language-nodejs on PATH or in NEMOCLAW_PULUMI, so no real preview with the pack");
  const real = cli as RealCli;
  const disk = (more: string) =>
    `new pulumi.CustomResource("aws:ebs/volume:Volume", "data", { encrypted: true }${more});`;
  using toys = await Toys.make(disk(""));
  // The toy plugin under the name of a cloud's, and what starts a pack, which the CLI looks for on PATH.
  copyFileSync(join(toys.folder, "toy/pulumi-resource-toy"), join(toys.folder, "toy/pulumi-resource-aws"));
  appendFileSync(join(toys.folder, "Pulumi.yaml"), "    - { name: aws, path: ./toy }\n");
  putProgram(toys.folder, "pulumi-analyzer-policy", `exec node ${packRunner} "$@"`);
  writeFileSync(join(toys.folder, "advisory.json"), JSON.stringify({ all: "advisory" }));
  vi.stubEnv("PATH", [toys.folder, process.env.PATH].join(delimiter));
  const preview = (...more: string[]) =>
    real.run(toys, ["preview", "--refresh", "--json", "--policy-pack", pack, ...more]);
  const results = (text: string) => {
    const report = reportOfPreview({ stack: "local", preview: readPreview(text, "it"), compared: "" });
    return { code: verdictOf(report).exitCode, broken: report.guardrails?.broken.map(({ name }) => name) };
  };
  try {
    const refused = preview();
    expect(refused.code).not.toBe(0);
    expect(refused.said).not.toContain("protected-data");
    expect(() => readPreview(refused.stdout, "it")).toThrow(/preview failed[\s\S]*data protect[\s\S]*protected-data: /);

    const advised = preview("--policy-pack-config", "advisory.json");
    expect([advised.code, advised.said.includes("protected-data")]).toEqual([0, false]);
    expect(results(advised.stdout)).toEqual({ code: 3, broken: ["protected-data"] });

    toys.program(disk(", { protect: true }"));
    expect(results(preview().stdout)).toEqual({ code: 2, broken: [] });
  } finally {
    vi.unstubAllEnvs();
  }
});
