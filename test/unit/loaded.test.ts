import { expect, test } from "vitest";
import { explainFailure } from "../../host/failure.ts";
import type { Machine } from "../../host/machine.ts";
import { putInForce } from "../../host/runtimes/embedded/loaded.ts";

const file = { path: "/etc/nemoclaw/main/policy.json", content: "{}" };
const command = putInForce({ unit: "gate@main", status: "/run/gate.json", field: "policySha256", file });

test.each([
  ["refuses", '{"policySha256":"a","error":"version: expected 1"}', /; what was in force before still is$/],
  ["has not taken up in time", '{"policySha256":"a","tunnels":0}', /; the new one may yet come into force$/],
])("what a service %s is told as that", (_, said, words) => {
  const failed = { n: 0, exitCode: 1, said, seconds: 11 };
  const { message } = explainFailure({ address: "10.0.0.1" } as Machine, "network policy of main", [command], failed);
  expect(message).toMatch(words);
});
