import { describe, expect, test } from "vitest";
import { faultsOf } from "../../scripts/environment-faults.ts";
import { callSeconds, pollSeconds } from "../../services/telegram-bridge/poll-times.ts";

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

test("what waits for a person is no fault", () => {
  expect(faults({ approvals: [{ id: "1", asks: "curl to example.com:443" }] })).toEqual([]);
});

test.each([
  [{ phase: "down" }, "the agent does not answer"],
  [{ phase: "starting" }, "the agent is not ready"],
  [{ enforced: [] }, "the policy did not hold when it was tried inside"],
  [{ model: { configured: "m", inForce: "x" } }, "the route sends to x, not m"],
  [{ model: { configured: "m" } }, "the route sends to no model, though m is configured"],
  [{ model: { inForce: "x" } }, "the route sends to x, though no model is configured"],
  [{ policy: { file: "p", inForce: "q" } }, "another network policy is enforced than the one on the machine"],
  [{ bridge: { lastError: "409" } }, "the bridge: 409"],
  [{ tunnel: { ready: false } }, "the tunnel is not connected"],
  [{ approvals: { unreadable: "no answer\nat all" } }, "what waits for approval is not known: no answer"],
  [{ drift: [{ resource: "telegram", changes: ["running"] }] }, "telegram is not as the last update left it: running"],
])("%j is told, with what to do", (change, found) => {
  const [fault, ...more] = faults(change);
  expect(more).toEqual([]);
  expect(fault?.found).toBe(found);
  expect(fault?.try).toContain("-s prod");
});

describe("a bridge that runs", () => {
  const found = (bridge: object) => faults({ bridge }).map(({ found: text }) => text);

  test("is well while it tells of polls, also where one takes all its time and the machine is busy", () => {
    for (const secondsSincePoll of [0, pollSeconds + callSeconds, 120]) expect(found({ secondsSincePoll })).toEqual([]);
  });

  test.each([
    [{ secondsSincePoll: 121 }, "has told of no poll for 2 min: it hangs, or cannot write its status file"],
    [
      { secondsSincePoll: 72_000, queue: 50 },
      "has told of no poll for 20 h 0 min: it hangs, or cannot write its status file",
    ],
    [{ queue: 0 }, "says nothing of a poll: it hangs, or cannot write its status file"],
    [{ unreadable: "it is gone" }, "runs, and how it is cannot be read: it is gone"],
  ])("and is silent is a fault: %j", (bridge, text) => {
    expect(found(bridge)).toEqual([`the bridge ${text}`]);
  });

  test("says itself what is wrong while it waits to try again", () => {
    expect(found({ lastError: "409", secondsSincePoll: 4000 })).toEqual(["the bridge: 409"]);
  });

  test("no more is told as that alone", () => {
    expect(faults({ units: down.slice(2), bridge: { unreadable: "it is gone" } })).toHaveLength(1);
  });
});

test("so are the runtime's own words", () => {
  expect(faults({}, ["OpenShell says no"])).toMatchObject([{ found: "OpenShell says no" }]);
});

describe("an environment that is stopped on purpose", () => {
  const gateway = { unit: parts.gateway, state: "active/running", since: "", restarts: 0 };
  const stopped = { stopped: { by: "anna@laptop", since: "t" }, phase: "stopped" };
  const resting = { ...stopped, units: [gateway, ...down.slice(1)], model: { configured: "m" }, policy: { file: "p" } };

  test("has no fault in what is down, nor in OpenShell's gateway, which stays up", () => {
    expect(faults({ ...resting, tunnel: { ready: false }, enforced: [], sandboxRuns: false }, ["no"])).toEqual([]);
    const ended = down.slice(1).map((unit) => ({ ...unit, state: "failed/failed" }));
    expect(faults({ ...resting, units: ended })).toEqual([]);
  });

  test.each([
    [
      { units: [gateway, { ...gateway, unit: parts.bridge, state: "activating/auto-restart" }] },
      `${parts.bridge} is activating/auto-restart`,
    ],
    [{ agent: { ready: false } }, "the agent answers"],
    [{ sandboxRuns: true }, "the sandbox runs"],
  ])("has one in what runs nevertheless: %j", (change, found) => {
    expect(faults({ ...resting, ...change })).toEqual([
      {
        found: `${found}, though the environment is stopped on purpose`,
        try: "take it down: scripts/stop -s prod; or up: scripts/start -s prod",
      },
    ]);
  });

  test("has one where nobody knows whether it is down, in the runtime's own words", () => {
    expect(faults({ ...resting, phase: "unknown", sandboxRuns: "unknown" }, ["the gateway is silent"])).toEqual([
      {
        found:
          "nobody knows whether the sandbox runs: the gateway is silent, though the environment is stopped on purpose",
        try: "take it down: scripts/stop -s prod; or up: scripts/start -s prod",
      },
    ]);
  });

  test("has one in what was changed since", () => {
    expect(faults({ ...resting, drift: [{ resource: "telegram", changes: ["token"] }] })).toMatchObject([
      { found: "telegram is not as the last update left it: token" },
    ]);
  });
});
