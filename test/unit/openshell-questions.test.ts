import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program } from "../../host/runtimes/openshell/cli.ts";
import { network } from "../../host/runtimes/openshell/network.ts";
import { startFakeHost } from "../support/fake-host.ts";
import { putProgram } from "../support/stand-ins.ts";

// Each call of OpenShell's CLI is a process and a handshake of its own, on the machine; what several parts of a step want to know is asked
// once, as long as they ask it in the same words.

let fake: Awaited<ReturnType<typeof startFakeHost>>;
beforeAll(async () => {
  fake = await startFakeHost();
  const bin = join(fake.folder, "bin");
  putProgram(bin, "runuser", `echo "$*" >>"${fake.folder}/calls"\necho '{"phase":"Ready","labels":{}}'`);
  putProgram(bin, "curl", "exit 7");
});
afterAll(() => fake[Symbol.asyncDispose]());

test("a look at a network policy asks the gateway each thing once, whose the sandbox is and what it has loaded together", async () => {
  const { owner } = fake.machine;
  const spec = { sandbox: "main", owner, networkPolicies: {}, accept: [], approval: "manual", inForce: true };
  const { facts } = await network.step(spec);
  const found = await (await fake.connect()).look(facts);
  expect(found).toMatchObject({ box: { phase: "Ready" }, policy: { box: { phase: "Ready" } } });
  const calls = readFileSync(join(fake.folder, "calls"), "utf8").trim().split("\n");
  const asked = calls.map((call) => call.slice(call.indexOf(program) + program.length + 1)).sort();
  expect(asked).toEqual(["policy get main --base -o json", "sandbox get main -o json", "settings get main --json"]);
});
