import { expect, test } from "vitest";
import type { Host } from "../../host/host.ts";
import { lookAtEnvironment } from "../../scripts/environment-look.ts";
import type { StackState, StateResource } from "../../scripts/stack-state.ts";
import { someMachine } from "../support/some-machine.ts";

const resource = (type: string, name: string, values: Partial<StateResource> = {}): StateResource => {
  return { urn: `urn:pulumi:prod::nemoclaw::${type}::${name}`, type, inputs: {}, outputs: {}, ...values };
};
const docker = resource("nemoclaw:host:DockerEngine", "machine-docker", { inputs: { machine: someMachine } });
const look = (leftByUpdate: string | undefined, cutCreations?: string[]) => {
  const outputs = leftByUpdate === undefined ? {} : { leftByUpdate };
  const resources = [resource("pulumi:pulumi:Stack", "nemoclaw-prod", { outputs }), docker];
  const state: StackState = { resources, cutCreations, find: (type) => resources.find((one) => one.type === type) };
  return lookAtEnvironment("prod", state, async () => ({}) as Host);
};

test("a sandbox that is gone since the last update is a fault of the environment, with all that is gone with it", async () => {
  expect(await look("machine-docker, main-sandbox, telegram")).toEqual({
    faults: ["main-sandbox", "telegram"].map((name) => ({
      found: `${name} is not as the last update left it: it is gone`,
      try: "put it back: scripts/pulumi up --refresh -s prod; or take it into the code: scripts/drift --adopt -s prod",
    })),
  });
});

test("a machine on which no sandbox was made yet has no fault", async () => {
  expect(await look("machine-docker")).toEqual({ faults: [] });
});

test("a creation that was cut short is a fault, since nobody knows whether it is there", async () => {
  expect(await look("machine-docker", ["sandbox main-sandbox"])).toEqual({
    faults: [
      {
        found:
          "an update is making the sandbox main-sandbox now, or was interrupted at it: it may be there without the state knowing it",
        try: expect.stringContaining("scripts/pulumi refresh -s prod --clear-pending-creates"),
      },
    ],
  });
});

test("a first update that did not come to its end is a fault, since nobody would miss what is not there", async () => {
  expect(await look(undefined)).toEqual({
    faults: [
      {
        found: "no update has come to its end yet, so something that is configured may not be there at all",
        try: "if none is running, scripts/pulumi up -s prod",
      },
    ],
  });
});
