import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { type Machine, machineSchema } from "../../host/machine.ts";
import { closeAll } from "../../host/pool.ts";
import { observation } from "../../host/steps/observation.ts";
import {
  describeStopped,
  markStopped,
  stoppedFacts,
  stoppedFrom,
  stoppedPath,
  unmarkStopped,
} from "../../host/stopped.ts";
import { diff } from "../../provider/diff.ts";
import { Dispatcher } from "../../provider/dispatch.ts";
import { hostHandler } from "../../provider/host-resource.ts";
import { tunnelUnit } from "../../services/cloudflared/unit.ts";
import { egressGateUnit, inferenceRouteUnit, sandboxUnit } from "../../services/sandbox-supervisor/units.ts";
import { bridgeUnit } from "../../services/telegram-bridge/unit.ts";
import { startFakeHost } from "../support/fake-host.ts";
import { putProgram } from "../support/stand-ins.ts";

const mark = { by: "anna@laptop", since: "2026-11-22T21:04:05.000Z", why: "saving money" };

describe("the mark of a stopped environment", () => {
  const { parse } = stoppedFacts("main");

  test("is read back as it was written", () => {
    const { stdin } = markStopped("main", mark);
    expect(parse({ stdout: String(stdin), exitCode: 0 })).toEqual(mark);
    expect(describeStopped(mark)).toBe(
      "stopped on purpose by anna@laptop since 2026-11-22T21:04:05.000Z: saving money",
    );
  });

  test("one that cannot be read still counts; none is none", () => {
    expect(parse({ stdout: "?", exitCode: 0 })).toMatchObject({ by: "somebody" });
    expect(parse({ stdout: "", exitCode: 1 })).toBeUndefined();
  });

  test("is known in a state, where no is none", () => {
    expect(stoppedFrom(mark)).toEqual(mark);
    for (const none of ["no", undefined, {}]) expect(stoppedFrom(none)).toBeUndefined();
  });

  test("is where every unit of a sandbox looks before it starts", () => {
    const limits = { memory: "2G", cpus: 1, pids: 64 };
    const at = { sandbox: "main", node: "/n", bundle: "/b" };
    const origin = { host: "127.0.0.1", port: 1 };
    for (const text of [
      sandboxUnit({ ...at, limits, writable: [] }),
      egressGateUnit({ ...at, port: 1 }),
      inferenceRouteUnit({ ...at, key: true }),
      bridgeUnit(at),
      tunnelUnit({ sandbox: "main", kind: "quick", binary: "/c", origin, metricsPort: 2 }),
    ]) {
      expect(text.split("[Service]")[0]).toContain(`\nConditionPathExists=!${stoppedPath("main")}\n`);
    }
    expect(unmarkStopped("main").script).toContain(stoppedPath("main"));
  });
});

describe("a difference that is on purpose", () => {
  const observed = { model: "a", running: false, inForce: false, stopped: mark };

  test("is no change", () => {
    expect(diff(observed, { model: "a", running: true, inForce: true }, []).changes).toBe(false);
  });

  test("is a change where nobody stopped it, and hides no other one", () => {
    const { stopped: _, ...byHand } = observed;
    for (const state of [byHand, { ...byHand, stopped: "no" }]) {
      expect(diff(state, { model: "a", running: true, inForce: true }, []).changes).toBe(true);
    }
    expect(diff(observed, { model: "b", running: true, inForce: true }, []).changes).toBe(true);
  });
});

describe("a service on a stand-in for a machine", () => {
  let host: Awaited<ReturnType<typeof startFakeHost>>;
  const asked: boolean[] = [];
  const said: string[] = [];
  const urn = "urn:pulumi:dev::nemoclaw::nemoclaw:test:Service::thing";

  interface Inputs {
    readonly machine: Machine;
    readonly sandbox: string;
    readonly running: boolean;
  }

  beforeAll(async () => {
    host = await startFakeHost();
    // A stand-in for cat, which has the mark in the folder of the stand-in.
    const path = stoppedPath("main");
    const script = `case "$*" in "-- ${path}") exec /bin/cat "${host.folder}/stopped" ;; esac\nexec /bin/cat "$@"`;
    putProgram(join(host.folder, "bin"), "cat", script);
  });
  beforeEach(async () => {
    // What is known of a machine is forgotten with the connection.
    await closeAll();
    await host.connect();
  });
  afterAll(() => host[Symbol.asyncDispose]());
  const put = () => writeFile(join(host.folder, "stopped"), JSON.stringify(mark));
  const remove = () => rm(join(host.folder, "stopped"), { force: true });

  const dispatcher = () =>
    new Dispatcher(
      [
        hostHandler<Inputs, Inputs, boolean>({
          type: "nemoclaw:test:Service",
          inputs: z.strictObject({ machine: machineSchema, sandbox: z.string(), running: z.boolean() }),
          nameOn: () => "service",
          step: ({ running }) => {
            asked.push(running);
            return observation("a service", { script: "exit 1", parse: () => running });
          },
          observe: (inputs, running) => ({ ...inputs, running }),
          removal: () => observation("nothing", {}),
        }),
      ],
      (_urn, message) => said.push(message),
    );

  test("is started where there is no mark", async () => {
    const inputs = { machine: host.machine, sandbox: "main", running: true };
    expect((await dispatcher().create(urn, inputs)).outs).toEqual({ ...inputs, stopped: "no" });
    expect(asked).toEqual([true]);
  });

  test("is made ready and not started while the mark is there, and says who stopped it", async () => {
    const inputs = { machine: host.machine, sandbox: "main", running: true };
    await put();
    const { outs } = await dispatcher().update("x", urn, inputs, inputs);
    expect(outs).toEqual({ ...inputs, running: false, stopped: mark });
    expect(asked.at(-1)).toBe(false);
    expect(said.join("\n")).toMatch(/not started: stopped on purpose by anna@laptop since .*: saving money/);
  });

  test("a look has it in the state, and leaves what is wanted as it is", async () => {
    await put();
    const state = { machine: host.machine, sandbox: "main", running: false };
    const { props, inputs } = await dispatcher().read("x", urn, state);
    expect(props).toMatchObject({ running: false, stopped: mark });
    expect(inputs).toMatchObject({ running: true });
    expect(inputs).not.toHaveProperty("stopped");
  });

  test("once it is started again a look forgets who had stopped it", async () => {
    await remove();
    const state = { machine: host.machine, sandbox: "main", running: true, stopped: mark };
    expect((await dispatcher().read("x", urn, state)).props).toMatchObject({ running: true, stopped: "no" });
  });
});
