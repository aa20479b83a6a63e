import { expect, test } from "vitest";
import { explainFailure } from "../../host/failure.ts";
import type { Machine } from "../../host/machine.ts";
import { putInForce } from "../../host/runtimes/embedded/loaded.ts";
import { withStandIns } from "../support/stand-ins.ts";

const file = { path: "/etc/nemoclaw/main/policy.json", content: "{}" };
const command = putInForce({ unit: "gate@main", status: "{here}/gate.json", field: "policySha256", file });

/** How a failure is worded where the service's status is one thing before the reload and another after it. */
function saidOf(before: string, after: string, journal = ""): string {
  const { stdout, exitCode } = withStandIns(
    {
      systemctl: `cp "$(dirname "$0")/after.json" "$(dirname "$0")/gate.json"`,
      journalctl: `cat "$(dirname "$0")/journal"`,
      sleep: "exit 0",
    },
    `cat >{here}/gate.json <<'EOF'
${before}
EOF
cat >{here}/after.json <<'EOF'
${after}
EOF
cat >{here}/journal <<'EOF'
${journal}
EOF
${command.script}`,
  );
  const failed = { n: 0, exitCode, said: stdout, seconds: 11 };
  expect(exitCode).toBe(1);
  return explainFailure({ address: "10.0.0.1" } as Machine, "network policy of main", [command], failed).message;
}

const still = /; what was in force before still is$/;
const may = /; the new one may yet come into force$/;
const fine = '{"policySha256":"a","tunnels":0}';
const refusal = (why: string) => `{"policySha256":"a","error":${JSON.stringify(why)},"tunnels":0}`;
const turn = '{"t":"2026-11-29T12:00:00Z","event":"turn","answered":400,"error":"connect ECONNREFUSED"}';

test.each([
  ["refuses", fine, refusal('version: expected "1"'), "", still],
  ["refuses for another reason than a file before", refusal('not "JSON"'), refusal('not "YAML"'), "", still],
  ["has not taken up in time", fine, fine, "", may],
  ["has not taken up, while turns fail", fine, fine, turn, may],
  ["refused in another file before, and says nothing of this one", refusal("a\\b"), refusal("a\\b"), "", may],
  ["has not taken up, while its journal has our own words", fine, fine, `the service refuses the file\n${turn}`, may],
])("what a service %s is told as that", (_, before, after, journal, words) => {
  expect(saidOf(before, after, journal)).toMatch(words);
});
