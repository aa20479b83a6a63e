import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { HostError } from "../../host/errors.ts";
import type { Machine } from "../../host/machine.ts";
import { all, type Step } from "../../host/step.ts";
import { nothingToRemove } from "../../host/steps/nothing-to-remove.ts";
import type { Handler } from "../../provider/handler.ts";
import { hostHandler } from "../../provider/host-resource.ts";
import { startFakeHost } from "../support/fake-host.ts";
import { putProgram } from "../support/stand-ins.ts";

/** What a deletion says: of a machine that is gone, and of what its removal found. */
let answers = true;
vi.mock("../../host/pool.ts", async (original) => {
  const real = await original<typeof import("../../host/pool.ts")>();
  const connectTo: typeof real.connectTo = async (machine, options) => {
    if (answers) return real.connectTo(machine, options);
    throw new HostError("unreachable", { summary: `${machine.address} does not answer` });
  };
  return { ...real, connectTo };
});

interface Inputs {
  readonly machine: Machine;
}

const said: string[] = [];
const progress = { log: (line: string) => void said.push(line), signal: new AbortController().signal };
beforeEach(() => {
  said.length = 0;
  answers = true;
});

const removing = (step: Step<unknown>): Handler<Inputs, Inputs> =>
  hostHandler<Inputs, Inputs, unknown>({
    type: "nemoclaw:test:Thing",
    inputs: z.object({}),
    nameOn: () => "thing",
    step: () => step,
    observe: (inputs) => inputs,
    removal: () => step,
  });

describe("a deletion", () => {
  let fake: Awaited<ReturnType<typeof startFakeHost>>;
  beforeAll(async () => {
    fake = await startFakeHost();
  });
  afterAll(() => fake[Symbol.asyncDispose]());

  const found = (text: string): Step<string> => ({
    name: text,
    facts: { script: `echo ${text}`, parse: ({ stdout }) => stdout.trim() },
    plan: () => [],
    remarks: (now) => [`the ${now} was left`],
  });
  const remove = (step: Step<unknown>) => removing(step).delete("x", { machine: fake.machine }, progress);

  test("says what its steps remark on what they found, in their order", async () => {
    const steps = { one: found("one"), none: nothingToRemove("it"), inner: all("inner", { two: found("two") }) };
    await remove(all("several", steps));
    expect(said).toEqual(["the one was left", "the two was left"]);
  });

  test("says nothing where it is refused", async () => {
    const refused: Step<string> = {
      ...found("one"),
      plan: () => {
        throw new HostError("foreign", { summary: "it is somebody else's" });
      },
    };
    await expect(remove(all("several", { refused }))).rejects.toThrow("it is somebody else's");
    expect(said).toEqual([]);
  });
});

describe("a deletion whose machine does not answer", () => {
  const path = process.env.PATH;
  const folder = mkdtempSync(join(tmpdir(), "nemoclaw-docker-"));
  const docker = (script: string) => putProgram(folder, "docker", script);
  beforeAll(() => {
    process.env.PATH = `${folder}${delimiter}${path}`;
  });
  beforeEach(() => {
    answers = false;
  });
  afterAll(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  const machine = (id: string) => ({ id, address: "10.0.0.9" }) as Machine;
  const remove = (id: string) => removing(nothingToRemove("it")).delete("x", { machine: machine(id) }, progress);
  const gone = "echo 'Error: No such container: abc' >&2; exit 1";

  test("succeeds where it was a local one that is gone, and says so", async () => {
    docker(gone);
    await remove("local:abc");
    expect(said).toEqual(["its machine local:abc is already gone, and this with it"]);
  });

  test.each([
    [
      "the local machine is there",
      "local:abc",
      `echo '${JSON.stringify([localMachine()])}'`,
      /10\.0\.0\.9 does not answer/,
    ],
    ["nobody can say whether the local machine is there", "local:abc", "echo 'no coffee' >&2; exit 1", /no coffee/],
    ["it is no local machine, of which nobody here can say", "aws:i-1", gone, /10\.0\.0\.9 does not answer/],
  ])("fails where %s", async (_, id, script, message) => {
    docker(script);
    await expect(remove(id)).rejects.toThrow(message);
    expect(said).toEqual([]);
  });
});

function localMachine() {
  return {
    Id: "abc",
    Name: "/m",
    Image: "sha256:0",
    State: { Running: false, StartedAt: "" },
    Config: { Labels: {} },
    HostConfig: { Memory: 0, PortBindings: {} },
  };
}
