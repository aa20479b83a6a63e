import { expect, test } from "vitest";
import { faultsOf } from "../../scripts/environment-faults.ts";

const parts = {
  gateway: "nemoclaw-openshell.service",
  agent: "nemoclaw-sandbox@main.service",
  bridge: "nemoclaw-bridge@main.service",
};
const down = Object.values(parts).map((unit) => ({ unit, state: "inactive/dead", since: "", restarts: 0 }));
const well = {
  phase: "ready",
  units: down.map((unit) => ({ ...unit, state: "active/running" })),
  model: { configured: "m", inForce: "m" },
  policy: { file: "p", inForce: "p" },
  drift: [],
} as unknown as Parameters<typeof faultsOf>[1];
const faults = (change: object, errors: readonly string[] = []) =>
  faultsOf({ stack: "prod", parts, errors }, { ...well, ...change });

test("an environment in which all is well has none", () => {
  expect(faults({})).toEqual([]);
});

test("each unit that is down is named with the log that has its words", () => {
  expect(faults({ units: down })).toEqual(
    Object.entries(parts).map(([part, unit]) => ({
      found: `${unit} is inactive/dead`,
      try: `see what it says: scripts/logs ${part} -s prod; put it back: scripts/pulumi up --refresh -s prod`,
    })),
  );
});

test.each([
  [{ phase: "down" }, "the agent does not answer"],
  [{ phase: "starting" }, "the agent is not ready"],
  [{ enforced: [] }, "the policy did not hold when it was tried inside"],
  [{ model: { configured: "m", inForce: "x" } }, "the route sends to x, not m"],
  [{ policy: { file: "p", inForce: "q" } }, "another network policy is enforced than the one on the machine"],
  [{ bridge: { lastError: "409" } }, "the bridge: 409"],
  [{ tunnel: { ready: false } }, "the tunnel is not connected"],
  [{ drift: [{ resource: "telegram", changes: ["running"] }] }, "telegram is not as the last update left it: running"],
])("%j is told, with what to do", (change, found) => {
  const [fault, ...more] = faults(change);
  expect(more).toEqual([]);
  expect(fault?.found).toBe(found);
  expect(fault?.try).toContain("-s prod");
});

test("so are the runtime's own words", () => {
  expect(faults({}, ["OpenShell says no"])).toMatchObject([{ found: "OpenShell says no" }]);
});
