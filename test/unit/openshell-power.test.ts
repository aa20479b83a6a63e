import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Owner } from "../../host/machine.ts";
import { program } from "../../host/runtimes/openshell/cli.ts";
import { operations } from "../../host/runtimes/openshell/operations.ts";
import { paths } from "../../host/runtimes/openshell/paths.ts";
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
function world({ which = "ours", phase = "Ready", docker = "", curl = "exit 7" }) {
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
  const programs = { runuser, docker, curl, sleep: "", journalctl: "" };
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
  const byOpenShell = ["stop the sandbox main"];
  const byDocker = ["stop the container of the sandbox main by Docker"];

  test.each<[string, Which, string, boolean | undefined, string[]]>([
    ["is stopped by OpenShell", "ours", "Ready", true, byOpenShell],
    ["so also where Docker does not answer", "ours", "Ready", undefined, byOpenShell],
    ["is left where it is down", "ours", "Stopped", false, []],
    ["is stopped by Docker where no gateway answers", "unreachable", "", true, byDocker],
    ["is left there where it is down by Docker's word", "unreachable", "", false, []],
    ["is stopped by Docker where OpenShell has given it up", "ours", "Error", true, byDocker],
    ["and is down where its container has ended, too", "ours", "Error", false, []],
    ["is down where there is none", "absent", "", false, []],
  ])("%s", (_, which, phase, runs, wanted) => {
    expect(titles({ box: box(which, phase), runs })).toEqual(wanted);
  });

  test("is nobody else's, and is not called down where nobody answers", () => {
    expect(() => titles({ box: box("foreign"), runs: true })).toThrow(/did not make; it was not touched/);
    expect(() => titles({ box: box("unreachable"), runs: undefined })).toThrow(
      /^neither OpenShell's gateway nor Docker answers, so the agent in the sandbox main may still run\n[\s\S]*transport error/,
    );
  });

  test("says so where it went another way than by OpenShell", () => {
    expect(step.remarks?.({ box: box("ours"), runs: true })).toEqual([]);
    expect(step.remarks?.({ box: box("unreachable"), runs: true })).toEqual([
      expect.stringMatching(/^OpenShell's gateway does not answer: .+; Docker stops the sandbox's container\. /),
    ]);
    expect(step.remarks?.({ box: box("unreachable"), runs: false })).toEqual([
      expect.stringMatching(/; no container of the sandbox runs, by Docker's word$/),
    ]);
  });

  test("is looked at in a bounded time, by OpenShell and by Docker", () => {
    const { box: asked, runs } = step.facts as Record<
      "box" | "runs",
      { script: string; parse(answer: object): unknown }
    >;
    const look = (of: { script: string; parse(answer: object): unknown }, programs: Record<string, string>) =>
      of.parse(withStandIns(programs, of.script));
    const bounded = 'test "$1" -le 15 || exit 9; exit 124';
    expect(look(asked, { curl: "exit 7", timeout: bounded, runuser: "exit 9" })).toMatchObject({ kind: "unreachable" });
    expect(look(asked, { curl: "exit 28", timeout: "exit 9" })).toMatchObject({ kind: "unreachable" });
    expect(look(runs, { timeout: bounded })).toBeUndefined();
    expect([look(runs, { docker: "echo box" }), look(runs, { docker: "exit 0" })]).toEqual([true, false]);
  });

  test("waits for OpenShell in vain only until its time is up, and ends in its words", () => {
    const [{ script, timeoutSeconds } = { script: "", timeoutSeconds: 0 }] = step.plan({
      box: box("ours"),
      runs: true,
    });
    const { said, exitCode, calls } = world({})(script.replace("n=0\n", "n=239\n"));
    expect([exitCode, calls]).toEqual([1, ["sandbox stop main", "logs main -n 20"]]);
    expect(said).toContain('"phase": "Ready"');
    // 240 times half a second, and what the CLI takes.
    expect(timeoutSeconds).toBeGreaterThan(120);
  });

  test("all its containers are stopped by Docker, which is believed only where none runs then", () => {
    const [{ script } = { script: "" }] = step.plan({ box: box("unreachable"), runs: true });
    expect(world({ docker: running })(script)).toEqual({
      said: "",
      exitCode: 0,
      calls: ["docker stop --time 10 box"],
    });
    expect(world({ docker: running.replace("touch", ": ") })(script)).toMatchObject({
      said: "Docker says that box still runs\n",
      exitCode: 1,
    });
    expect(world({ docker: "exit 1" })(script).exitCode).not.toBe(0);
  });
});

describe("a sandbox that is taken up", () => {
  const [, answers, up] = operations.power("main", owner).up;
  const maker = "sh made";
  const take = (phase: string, which: Which = "ours") =>
    world({ phase, which })(
      (up?.script ?? "")
        .replace(`sh ${paths.maker("main")}`, `sh -c 'echo ${maker} >>"$here/asked"'`)
        .replaceAll("n=0\n", "n=239\n"),
    );

  test("is left alone where it is ready, and where it is somebody else's", () => {
    expect(take("Ready")).toMatchObject({ exitCode: 0, calls: [] });
    expect(take("Ready", "foreign")).toMatchObject({
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
    expect(take(phase).calls).toEqual(calls);
  });

  test("waits for a gateway that was started only now, and restarts one that hangs", () => {
    const wait = (options: Parameters<typeof world>[0]) =>
      world(options)((answers?.script ?? "").replace("n=0\n", "n=38\n"));
    expect(wait({})).toMatchObject({ exitCode: 0, calls: [] });
    expect(wait({ which: "absent" })).toMatchObject({ exitCode: 0 });
    expect(wait({ curl: "exit 28" })).toMatchObject({
      exitCode: 0,
      calls: ["systemctl restart -- nemoclaw-openshell.service"],
    });
    expect(wait({ which: "unreachable" })).toMatchObject({
      exitCode: 1,
      said: expect.stringContaining("transport error"),
    });
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
    expect(read(recorded.absent.get.stdout, "", "box\nasked\n")[0]).toBe(false);
    expect(read(silent, "", "box\nasked\n")[0]).toBe(true);
    expect(read("", "1", "asked\n")[0]).toBe(false);
  });

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
