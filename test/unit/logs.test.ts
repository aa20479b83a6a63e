import { describe, expect, test } from "vitest";
import { deniedPattern, logEntry, printEntry } from "../../scripts/log-entry.ts";

const parts = { "nemoclaw-gate@main.service": "gate", "nemoclaw-sandbox@main.service": "agent" };
const micros = "1795381604172000";
const at = new Date(Number(micros) / 1000).toISOString();

function entry(message: unknown, more: Record<string, unknown> = {}) {
  const record = {
    __REALTIME_TIMESTAMP: micros,
    _SYSTEMD_UNIT: "nemoclaw-gate@main.service",
    PRIORITY: "6",
    MESSAGE: typeof message === "object" && !Array.isArray(message) ? JSON.stringify(message) : message,
    ...more,
  };
  return logEntry(JSON.stringify(record), parts);
}

const printed = (...of: Parameters<typeof entry>) => {
  const found = entry(...of);
  return found && printEntry(found).replace(`${at}  `, "");
};

describe("a line of the log", () => {
  test.each([
    [
      {
        t: "x",
        event: "egress",
        decision: "deny",
        method: "GET",
        host: "a.example",
        port: 80,
        path: "/p",
        reason: "why",
      },
      "gate    DENIED  GET a.example:80/p  (why)",
    ],
    [
      { event: "egress", decision: "allow", method: "GET", host: "a.example", port: 443, policy: "github", rule: "r" },
      "gate    allow  GET a.example:443  (github, r)",
    ],
    [{ event: "egress", decision: "deny", reason: "many", suppressed: 7 }, "gate    DENIED  (many)  and 7 more"],
    [{ event: "write-denied", path: "/usr/x", call: "openat" }, "gate    DENIED  write to /usr/x  (openat)"],
    [{ event: "agent-log", line: "hello" }, "gate    hello"],
    [{ level: "warn", event: "poll failed", kind: "network" }, "gate    WARN  poll failed  kind=network"],
    ["plain words", "gate    plain words"],
    ["OCSF NET:OPEN DENIED curl", "gate    DENIED  OCSF NET:OPEN DENIED curl"],
    [[104, 105, 195, 164], "gate    hiä"],
    ["\u001b[2mthen\u001b[0m \u001b[32m INFO\u001b[0m serving", "gate    then  INFO serving"],
  ])("%j", (message, line) => {
    expect(printed(message)).toBe(line);
  });

  test("what is refused is found by the pattern that the machine looks for", () => {
    for (const message of [
      { event: "egress", decision: "deny" },
      { event: "write-denied", path: "/x" },
    ]) {
      expect(entry(message)?.denied).toBe(true);
      expect(JSON.stringify(message)).toMatch(new RegExp(deniedPattern));
    }
  });

  test("the agent cannot move the reader's cursor", () => {
    expect(printed({ event: "agent-log", line: "a\u001b[2J\rb\tc" })).toBe("gate    a�[2J�b c");
  });

  test("systemd's own words belong to the unit they are about; what is of no part is left out", () => {
    const about = { _SYSTEMD_UNIT: "init.scope", UNIT: "nemoclaw-sandbox@main.service", PRIORITY: "3" };
    expect(printed("Failed to start", about)).toBe("agent   ERROR  Failed to start");
    expect(entry("x", { _SYSTEMD_UNIT: "ssh.service" })).toBeUndefined();
    expect(logEntry("-- no record", parts)).toBeUndefined();
  });
});
