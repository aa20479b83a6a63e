import { describe, expect, test } from "vitest";
import { bridgeHealth, bridgeUnitText } from "../../host/steps/telegram-bridge.ts";
import { withStandIns } from "../support/stand-ins.ts";

const script = bridgeHealth("main")[1]?.command.script ?? "";
const unit = bridgeUnitText("main", "0123");

/** What systemd is asked for, a word a line, and then what comes through standard input. */
function asked(text: string, end = "") {
  const systemctl = `test "$*" = 'cat -- nemoclaw-bridge@main.service' && printf '%s\\n' '# /etc/x.service' "$UNIT"`;
  const run = { systemctl, "systemd-run": `printf '%s\\n' "$@"; cat; ${end}` };
  return withStandIns(run, `UNIT=$1; export UNIT\nprintf 'the message\\n' | sh -euc "$2"`, "sh", text, script);
}
const properties = (words: readonly string[]) => words.flatMap((word, n) => (words[n - 1] === "-p" ? [word] : []));

describe("the bridge's program, run once more beside its unit (stand-ins for systemd's programs)", () => {
  test("gets the unit's own words, one more pair, and the message", () => {
    const { stdout, exitCode } = asked(unit);
    expect(exitCode).toBe(0);
    const words = stdout.split("\n");
    expect(words.slice(0, 4)).toEqual(["--quiet", "--wait", "--pipe", "--collect"]);
    const program = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(" ") ?? [];
    expect(program).toContain("/opt/nemoclaw/telegram-bridge/0123/bridge.mjs");
    expect(words.slice(words.indexOf("--"))).toEqual([
      "--",
      ...program,
      "--turn",
      "nemoclaw-health",
      "the message",
      "",
    ]);
  });

  test("runs as the unit's user with all of its rights and limits, without its folders and its token", () => {
    const service = /\[Service\]\n(.*)\n\n\[Install\]/s.exec(unit)?.[1]?.split("\n") ?? [];
    const own = /^(#|$|Type|NotifyAccess|Exec|Restart|Timeout|KillMode|StateDirectory|RuntimeDirectory|LoadCredential)/;
    const given = properties(asked(unit).stdout.split("\n"));
    expect(given).toEqual(["RuntimeMaxSec=240", ...service.filter((line) => !own.test(line))]);
    expect(given).toEqual(
      expect.arrayContaining([
        "User=nemoclaw-bridge",
        "SupplementaryGroups=nemoclaw-turns",
        "MemoryMax=1G",
        "CapabilityBoundingSet=",
        "SystemCallFilter=@system-service",
      ]),
    );
  });

  test("takes what an operator has added to the unit, and the program that it ends up with", () => {
    const added = `${unit}\n# /etc/x.service.d/own.conf\n[Service]\nEnvironment=A=b c\nExecStart=\nExecStart=/own/node x\n`;
    const words = asked(added).stdout.split("\n");
    expect(properties(words)).toContain("Environment=A=b c");
    expect(words.slice(words.indexOf("--") + 1, -4)).toEqual(["/own/node", "x"]);
    expect(words).not.toContain("WantedBy=multi-user.target");
  });

  test("ends as it ends, and fails where there is no unit", () => {
    expect(asked(unit, "exit 7").exitCode).toBe(7);
    expect(withStandIns({ systemctl: "exit 1", "systemd-run": "echo run" }, script)).toEqual({
      exitCode: 1,
      stdout: "",
    });
  });
});
