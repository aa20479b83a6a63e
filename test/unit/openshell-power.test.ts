import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Owner } from "../../host/machine.ts";
import type { Question } from "../../host/question.ts";
import { program } from "../../host/runtimes/openshell/cli.ts";
import { operations } from "../../host/runtimes/openshell/operations.ts";
import { paths } from "../../host/runtimes/openshell/paths.ts";
import { takeDown } from "../../host/runtimes/openshell/power-down.ts";
import { report } from "../../host/runtimes/openshell/report.ts";
import { parseBox } from "../../host/runtimes/openshell/sandbox-facts.ts";
import { ensureStopped } from "../../host/runtimes/openshell/stopped-box.ts";
import { withStandIns } from "../support/stand-ins.ts";

/** A sandbox taken down and up, also past a gateway that does not answer. What a gateway says is recorded from a real one. */
type Which = "ours" | "absent" | "foreign" | "unreachable";
const recorded = parse(
  readFileSync(resolve(import.meta.dirname, "../fixtures/openshell/boxes.yaml"), "utf8"),
) as Record<Which, { readonly get: { readonly exitCode: number; readonly stdout: string } }> & {
  readonly owner: Owner;
};
const { owner } = recorded;
const whose = { sandbox: "main", owner };

/** Stand-ins for OpenShell's CLI and Docker, and what was asked of them beside how the sandbox is. */
function world({ which = "ours", phase = "Ready", docker = "", curl = "exit 7", date = "", journalctl = "" }) {
  const { stdout, exitCode } = recorded[which as Which].get;
  const runuser = `while test "$1" != ${program}; do shift; done; shift
here=$(dirname "$0")
case "$*" in
"sandbox get main -o json")
  cat <<'END'
${stdout.replace('"phase": "Ready"', `"phase": "${phase}"`)}
END
  exit ${exitCode} ;;
*) echo "$*" >>"$here/asked" ;;
esac`;
  const programs = { runuser, docker, curl, sleep: "", journalctl, ...(date && { date }) };
  return (script: string) => {
    const { stdout: out, exitCode: code } = withStandIns(
      { ...programs, systemctl: 'echo "systemctl $*" >>"$(dirname "$0")/asked"' },
      `export here={here}\ntouch $here/asked\ncode=0\nsh -eu -c "$0" || code=$?\necho ---\ncat $here/asked\nexit $code`,
      script,
    );
    const [said = "", calls = ""] = out.split("---\n");
    return { said, exitCode: code, calls: calls.split("\n").filter(Boolean) };
  };
}
const running =
  'case "$*" in "stop "*) echo "docker $*" >>"$here/asked"; touch "$here/ended" ;; inspect*) echo id ;; ps*) test -e "$here/ended" || echo box ;; esac';

describe("a sandbox that is to be down", () => {
  const step = ensureStopped(whose);
  const box = (which: Which, phase = "Ready") => {
    const { stdout, exitCode } = recorded[which].get;
    const text = stdout.replace('"phase": "Ready"', `"phase": "${phase}"`);
    return parseBox({ stdout: text, exitCode, unreachable: which === "unreachable" });
  };
  const titles = (now: Parameters<typeof step.plan>[0]) => step.plan(now).map(({ title }) => title);
  const [stop] = [["stop the sandbox main"]];

  test.each<[string, Which, string, boolean | undefined, string[]]>([
    ["is stopped", "ours", "Ready", true, stop],
    ["so also where Docker does not answer", "ours", "Ready", undefined, stop],
    ["so also one that OpenShell would run and whose container is away", "ours", "Provisioning", false, stop],
    ["is left where it is down", "ours", "Stopped", false, []],
    ["is stopped where no gateway answers", "unreachable", "", true, stop],
    ["so also where neither answers", "unreachable", "", undefined, stop],
    ["is left there where it is down by Docker's word", "unreachable", "", false, []],
    ["is stopped where OpenShell has given it up", "ours", "Error", true, stop],
    ["so also where Docker does not answer then", "ours", "Error", undefined, stop],
    ["and is down where its container has ended, too", "ours", "Error", false, []],
    ["is down where there is none", "absent", "", false, []],
    ["is stopped where OpenShell has forgotten it", "absent", "", true, stop],
  ])("%s", (_, which, phase, runs, wanted) => {
    expect(titles({ box: box(which, phase), runs })).toEqual(wanted);
  });

  test("is nobody else's", () => {
    expect(() => titles({ box: box("foreign"), runs: true })).toThrow(/did not make; it was not touched/);
  });

  test("tells of one that came back after all what that may mean, whatever is stopped beside it", () => {
    expect(step.unmet).toMatch(/the agent may run; scripts\/stop stops it$/);
    expect(operations.power("main", owner).down.unmet).toBe(step.unmet);
  });

  test("says so where it went another way than by OpenShell", () => {
    expect(step.remarks?.({ box: box("ours"), runs: true })).toEqual([]);
    expect(step.remarks?.({ box: box("unreachable"), runs: true })).toEqual([
      expect.stringMatching(
        /^OpenShell's gateway does not answer: .+; Docker stops the sandbox's container\. A gateway/,
      ),
    ]);
    expect(step.remarks?.({ box: box("unreachable"), runs: false })).toEqual([
      expect.stringMatching(
        /; no container of the sandbox runs, by Docker's word\. A gateway that comes back may start/,
      ),
    ]);
  });

  test("is looked at in a time that a slow gateway keeps and a look ends in, by OpenShell and by Docker", () => {
    const { box: asked, runs } = step.facts as Record<
      "box" | "runs",
      { script: string; parse(answer: object): unknown }
    >;
    const look = (of: { script: string; parse(answer: object): unknown }, programs: Record<string, string>) =>
      of.parse(withStandIns(programs, of.script));
    const said = (script: string) =>
      withStandIns(
        { curl: 'echo "$3" >>$here/limits; exit 7', timeout: 'echo "$1" >>$here/limits' },
        `export here={here}; { ${script}
} >/dev/null || :; cat {here}/limits`,
      )
        .stdout.split("\n")
        .filter(Boolean)
        .map(Number);
    const [port = 0, answer = 0, docker = 0] = [...said(asked.script), ...said(runs.script)];
    expect(answer).toBeGreaterThan(30);
    expect(port + answer + docker).toBeLessThan(90);
    expect(look(asked, { curl: "exit 7", timeout: "exit 124", runuser: "exit 9" })).toMatchObject({
      kind: "unreachable",
    });
    expect(look(asked, { curl: "exit 28", timeout: "exit 9" })).toMatchObject({ kind: "unreachable" });
    expect(look(runs, { timeout: "exit 124" })).toBeUndefined();
    expect([look(runs, { docker: "echo box" }), look(runs, { docker: "exit 0" })]).toEqual([true, false]);
  });

  /**
   * Takes it down on a machine whose gateway says these one after the other, each before it is asked again, and refuses what its own
   * does. Of a `Provisioning` that repeats, time passes.
   */
  const taken = (says: readonly string[], docker = running, silent = false) => {
    const answer = recorded.ours.get.stdout.replace('"Ready"', '"PHASE"');
    const runuser = `while test "$1" != ${program}; do shift; done; shift
now=$(sed -n 1p "$here/says")
case "$*" in
"sandbox get main -o json")
  test "$(wc -l <"$here/says")" -le 1 || sed -i 1d "$here/says"
  case "$now" in
  silent) echo "transport error" >&2; exit 1 ;;
  absent) echo "sandbox not found"; exit 1 ;;
  foreign) cat "$here/answer" | sed 's/nemoclaw.owner/other/' ;;
  *) sed "s/PHASE/$now/" "$here/answer" ;;
  esac
  echo "$now" >"$here/told" ;;
"sandbox stop main")
  grep -qE 'Ready|Stopping' "$here/told" || { echo "sandbox must be Ready to stop"; exit 1; }
  echo "openshell stop" >>"$here/asked" ;;
logs*) echo "logs" >>"$here/asked" ;;
esac`;
    const programs = {
      ...{ runuser, docker, curl: "exit 7", sleep: "" },
      // Five seconds from one look at the clock to the next.
      date: 'n=$(cat "$here/clock" || echo 0); echo $((n + 5)) >"$here/clock"; echo $((n + 5))',
    };
    const { stdout, exitCode } = withStandIns(
      programs,
      `export here={here}
touch $here/asked
echo "$1" >$here/says
echo "$2" >$here/answer
code=0
sh -eu -c "$0" 2>$here/errors || code=$?
echo ---
cat $here/asked
exit $code`,
      takeDown(whose, { silent }).script,
      says.join("\n"),
      answer,
    );
    const [said = "", calls = ""] = stdout.split("---\n");
    return { exitCode, said, calls: calls.split("\n").filter(Boolean) };
  };
  const byDocker = "docker stop --time 10 box";
  const byOpenShell = "openshell stop";

  test.each<[string, readonly string[], readonly string[], boolean?]>([
    ["is stopped by OpenShell where its gateway has it ready", ["Ready", "Stopping", "Stopped"], [byOpenShell]],
    ["so also one that is brought up, once it is", ["Provisioning", "Starting", "Ready", "Stopped"], [byOpenShell]],
    ["is stopped by Docker where that takes long", [...Array(6).fill("Provisioning"), "Error"], [byDocker]],
    ["is stopped by Docker where OpenShell has given it up", ["Error"], [byDocker]],
    ["so also where OpenShell takes the order and does not do it", [...Array(9).fill("Stopping"), "Error"], [byDocker]],
    ["so also where OpenShell has forgotten it", ["absent"], [byDocker]],
    ["so also where its gateway does not answer", ["silent"], [byDocker], true],
    ["so also where that goes away meanwhile", ["Ready", "silent"], [byOpenShell, byDocker]],
    [
      "and then by OpenShell where its gateway returns meanwhile and brings it back",
      ["silent", "Provisioning", "Ready", "Stopping", "Stopped"],
      [byDocker, byOpenShell],
      true,
    ],
    ["and is left where such a gateway takes it for failed", ["silent", "Provisioning", "Error"], [byDocker], true],
    ["and by OpenShell alone where its gateway is back by then", ["Ready", "Stopped"], [byOpenShell], true],
    ["is left where it is down", ["Stopped"], []],
  ])("%s", (_, says, calls, silent) => {
    expect(taken(says, running, silent)).toEqual({ exitCode: 0, said: "", calls });
  });

  test("is not called down while OpenShell does not leave it so, with what both say of it", () => {
    const { exitCode, said, calls } = taken(["Provisioning"]);
    expect([exitCode, calls]).toEqual([1, [byDocker, "logs"]]);
    expect(said).toMatch(
      /^OpenShell does not leave the sandbox main down\nsandbox must be Ready to stop\n"phase": "Provis/,
    );
    expect(takeDown(whose).timeoutSeconds).toBeGreaterThan(150 + 60 + 90 + 65);
  });

  test("is believed to be down only where Docker says that none of its containers runs", () => {
    expect(taken(["silent"], running.replace("touch", ": "), true)).toMatchObject({
      said: "Docker says that box still runs\n",
      exitCode: 1,
    });
    expect(taken(["silent"], "exit 1", true)).toMatchObject({
      said: "Docker does not answer: the agent in the sandbox main may still run\n",
      exitCode: 1,
    });
  });

  test("is not touched where it is somebody else's by now", () => {
    expect(taken(["foreign"])).toEqual({
      said: "the sandbox main is not of this stack; it was not touched\n",
      exitCode: 1,
      calls: [],
    });
  });
});

describe("a sandbox that is taken up", () => {
  const { up } = operations.power("main", owner);
  const [, answers, take] = up.plan({ hangs: false, boxes: [] });
  const maker = "sh made";
  const taken = (phase: string, which: Which = "ours") =>
    world({ phase, which })(
      (take?.script ?? "")
        .replace(`sh ${paths.maker("main")}`, `sh -c 'echo ${maker} >>"$here/asked"'`)
        .replaceAll("n=0\n", "n=239\n"),
    );

  test("is left alone where it is ready, and where it is somebody else's", () => {
    expect(taken("Ready")).toMatchObject({ exitCode: 0, calls: [] });
    expect(taken("Ready", "foreign")).toMatchObject({
      exitCode: 1,
      calls: [],
      said: "the sandbox main is not of this stack; it was not touched\n",
    });
  });

  test.each([
    ["is started where OpenShell stopped it", "Stopped", ["sandbox start main", "logs main -n 20"]],
    ["is waited for where its gateway starts it by itself", "Provisioning", ["logs main -n 20"]],
    ["is made anew where OpenShell has given it up after its container was stopped", "Error", [maker]],
  ])("%s", (_, phase, calls) => {
    expect(taken(phase).calls).toEqual(calls);
  });

  test("waits for a gateway that was started only now, and ends in its own words and its journal's", () => {
    // A minute from one look at the clock to the next.
    const date = 'n=$(cat "$here/clock" || echo 0); echo $((n + 60)) >"$here/clock"; echo $((n + 60))';
    const journalctl = "echo from its journal";
    const wait = (options: Parameters<typeof world>[0]) =>
      world({ ...options, date, journalctl })(answers?.script ?? "");
    expect(wait({})).toMatchObject({ exitCode: 0, calls: [] });
    expect(wait({ which: "absent" })).toMatchObject({ exitCode: 0 });
    expect(wait({ which: "unreachable" })).toMatchObject({
      exitCode: 1,
      said: expect.stringMatching(/transport error[\s\S]*from its journal\n$/),
    });
    const [, limit, least] = /timeout (\d+) [\s\S]* -ge (\d+); then/.exec(answers?.script ?? "")?.map(Number) ?? [];
    expect(Number(limit) + Number(least)).toBeLessThan((answers?.timeoutSeconds ?? 0) - 30);
  });

  test("has its machine's gateway restarted only after a long silence, with all sandboxes of it named", () => {
    const { hangs, boxes } = up.facts as unknown as Record<"hangs" | "boxes", Question<unknown>>;
    const asked = (curl: string) => hangs.parse(withStandIns({ curl }, hangs.script));
    expect([asked('test "$3" -ge 60 && exit 28'), asked("exit 7"), asked("exit 0")]).toEqual([true, false, false]);

    const container = (name: string, source: string) =>
      JSON.stringify({
        labels: { "openshell.ai/sandbox-id": name, "openshell.ai/sandbox-name": name },
        mounts: [{ Source: source }],
      });
    const lines = [
      container("second", `${paths.keys}/b`),
      container("main", `${paths.keys}/a`),
      container("other", "/x"),
    ];
    const docker = `case "$1" in ps) echo box ;; inspect) cat <<'END'\n${lines.join("\n")}\nEND\n;; esac`;
    expect(boxes.parse(withStandIns({ docker }, boxes.script))).toEqual(["main", "second"]);

    const titles = (now: object) => up.plan(now).map(({ title }) => title);
    const restart = "restart OpenShell's gateway, which does not answer";
    const silent = { hangs: true, boxes: ["main", "second"] };
    expect(titles(silent)).toEqual(titles({ ...silent, hangs: false }).toSpliced(1, 0, restart));
    // By then it may be back.
    const { script } = up.plan(silent)[1] as { script: string };
    const restarted = (curl: string) => withStandIns({ curl, systemctl: 'echo "$*"' }, script).stdout;
    expect(restarted("exit 28")).toBe("restart -- nemoclaw-openshell.service\n");
    expect(restarted("exit 0")).toBe("");
    expect(up.remarks?.({ ...silent, hangs: false })).toEqual([]);
    expect(up.remarks?.(silent)).toEqual([
      expect.stringMatching(/restarted, and these sandboxes with it: main, second, /),
    ]);
    expect(up.remarks?.({ hangs: true, boxes: [] })).toEqual([expect.stringContaining("every sandbox of it")]);
  });
});

describe("whether a sandbox runs, in a report", () => {
  const read = (get: string, hung: string, docker: string) => {
    const lines = ["", get, "", "", hung, docker].map((text) => `${Buffer.from(text).toString("base64")}\n`);
    const { sandboxRuns, errors } = report("main", owner).parse({ stdout: lines.join(""), exitCode: 0 });
    return [sandboxRuns, errors];
  };
  const silent = recorded.unreachable.get.stdout;

  test("is the gateway's word, and Docker's where that does not answer", () => {
    expect(read(recorded.ours.get.stdout, "", "asked\n")[0]).toBe(true);
    expect(read(recorded.absent.get.stdout, "", "asked\n")[0]).toBe(false);
    expect(read(recorded.absent.get.stdout, "", "box\nasked\n")[0]).toBe(true);
    expect(read(recorded.absent.get.stdout, "", "")[0]).toBe(false);
    expect(read(silent, "", "box\nasked\n")[0]).toBe(true);
    expect(read("", "1", "asked\n")[0]).toBe(false);
  });

  test.each(["Provisioning", "Starting", "Stopping", "Error"])(
    "is Docker's word while OpenShell has it in %s",
    (phase) => {
      const get = recorded.ours.get.stdout.replace('"Ready"', JSON.stringify(phase));
      expect(["box\nasked\n", "asked\n", ""].map((docker) => read(get, "", docker)[0])).toEqual([
        true,
        false,
        "unknown",
      ]);
      const stopped = get.replace(JSON.stringify(phase), '"Stopped"');
      expect(read(stopped, "", "box\nasked\n")[0]).toBe(false);
    },
  );

  test("is not known where neither says so, with what was said instead", () => {
    expect(read("", "1", "")).toEqual(["unknown", ["OpenShell's gateway is there and does not answer"]]);
    expect(read(silent, "", "")).toEqual([
      "unknown",
      [expect.stringMatching(/^OpenShell's gateway does not tell how the sandbox is: \S/)],
    ]);
  });

  test("is asked so that what a CLI says of its failure is heard", () => {
    const runuser = 'echo "transport error" >&2; exit 1';
    const programs = { runuser, curl: "exit 7", docker: "echo box", timeout: 'shift; "$@"' };
    const { stdout } = withStandIns(programs, report("main", owner).script);
    expect(report("main", owner).parse({ stdout, exitCode: 0 })).toMatchObject({
      sandboxRuns: true,
      errors: ["OpenShell's gateway does not tell how the sandbox is: transport error"],
    });
  });
});
