import { afterEach, describe, expect, test, vi } from "vitest";
import { inferenceLocal } from "../../host/runtimes/openshell/paths.ts";
import { withStandIns } from "../support/stand-ins.ts";

/** Which release a machine has, by its own word: the dialect that is spoken to it, and what is refused by name. */
let version = "0.0.112";
vi.mock("../../host/lock.ts", async (original) => {
  const real = await original<typeof import("../../host/lock.ts")>();
  const { withOpenshell } = await import("../support/pinned-openshell.ts");
  return { ...real, readLock: () => withOpenshell(real.readLock(), version) };
});
afterEach(() => {
  version = "0.0.112";
});

const { installedDialect, programFacts, requireLine, requireRelease, versionOf } = await import(
  "../../host/runtimes/openshell/installed-release.ts"
);
const { execCall } = await import("../../host/runtimes/openshell/exec.ts");
const { route } = await import("../../host/runtimes/openshell/route.ts");

const says = (says: string, link = says) => ({ link, says });
const none = says("");

describe("openshell --version", () => {
  test.each<[string, string, object, string]>([
    ["a release", "0.0.112\nopenshell 0.0.112\n", says("0.0.112"), "0.0.112"],
    [
      "a build",
      "0.0.112\nopenshell 0.0.112-dev.7+g2f7fb6559\n",
      says("0.0.112-dev.7+g2f7fb6559", "0.0.112"),
      "0.0.112",
    ],
    ["another program in its folder", "0.0.112\nopenshell 0.0.111\n", says("0.0.111", "0.0.112"), "0.0.111"],
    ["one that does not run", "0.0.112\n", says("", "0.0.112"), "0.0.112"],
    ["none", "", none, ""],
  ])("%s", (_what, stdout, facts, found) => {
    const read = programFacts("openshell").parse({ stdout, exitCode: 0 });
    expect(read).toEqual(facts);
    expect(versionOf(read)).toBe(found);
  });

  test("says which dialect is spoken, whatever the lock file pins by now", () => {
    version = "0.1.9";
    expect(installedDialect(says("0.0.112")).line).toBe("0.0.11x");
    expect(installedDialect(none).line).toBe("0.1.x");
  });
});

describe("a machine", () => {
  test.each<[string, ReturnType<typeof says>]>([
    ["without OpenShell", none],
    ["with an earlier release of the line", says("0.0.111")],
    ["with a build of it", says("0.0.112-dev.7+g2", "0.0.112")],
  ])("%s is taken", (_what, cli) => expect(requireLine("0.0.112").plan(cli)).toEqual([]));

  test.each<[string, ReturnType<typeof says>, RegExp]>([
    [
      "of another line",
      says("0.0.112"),
      /has OpenShell 0\.0\.112, which 0\.1\.9 cannot follow where it stands; nothing was changed/,
    ],
    [
      "of none that is spoken",
      says("0.2.0"),
      /has OpenShell 0\.2\.0, a release that this driver does not speak; nothing was changed/,
    ],
    [
      "whose folder is named otherwise",
      says("0.2.0", "0.1.9"),
      /has OpenShell 0\.2\.0, a release that this driver does not speak/,
    ],
  ])("%s is refused by name", (_what, cli, message) => {
    expect(() => requireLine("0.1.9").plan(cli)).toThrow(message);
    expect(() => requireRelease("0.1.9").plan({ cli, gateway: cli })).toThrow(message);
  });

  const titles = (cli: ReturnType<typeof says>, gateway: ReturnType<typeof says>) =>
    requireRelease("0.0.112")
      .plan({ cli, gateway })
      .map(({ title }) => title);
  const ask = "ask OpenShell's programs whether they are of 0.0.112";
  test("is asked what was downloaded before anything is started, and not again", () => {
    expect(titles(none, none)).toEqual([ask]);
    expect(titles(says("0.0.111"), says("0.0.111"))).toEqual([ask]);
    expect(titles(says("0.0.112"), says("", "0.0.112"))).toEqual([ask]);
    expect(titles(says("0.0.112"), says("0.0.112-dev.7+g2", "0.0.112"))).toEqual([]);
  });

  test("whose CLI and gateway are of two releases is refused, with both", () => {
    expect(() => titles(says("0.0.112"), says("0.0.111", "0.0.112"))).toThrow(
      /its CLI says that it is 0\.0\.112, its gateway that it is 0\.0\.111: they must be of one release[\s\S]*rm -r \/opt\/nemoclaw\/openshell\/0\.0\.112/,
    );
  });

  test.each<[string, string, number]>([
    ["openshell 0.0.112", "openshell-gateway 0.0.112-dev.7+g2", 0],
    ["openshell 0.0.112", "openshell-gateway 0.0.111", 1],
    ["openshell 0.0.1120", "openshell-gateway 0.0.112", 1],
    ["", "openshell-gateway 0.0.112", 1],
  ])("that was given %s and %s", (cli, gateway, exitCode) => {
    const [command] = requireRelease("0.0.112").plan({ cli: none, gateway: none });
    const runuser = `case "$*" in *-gateway/*) echo "${gateway}" ;; *) echo "${cli}" ;; esac`;
    const found = withStandIns({ runuser }, command?.script ?? "");
    expect(found.exitCode, found.stdout).toBe(exitCode);
    if (exitCode !== 0)
      expect(found.stdout).toMatch(/^openshell(-gateway)? 0\.0\.112 is pinned, and what was downloaded says: /);
  });
});

describe("a command inside a sandbox", () => {
  const called = (release: string, terminal: boolean) => {
    const openshell = `if test "$1" = --version; then echo "openshell ${release}"; else printf '[%s]' "$@"; fi`;
    const [, , script = "", , ...args] = execCall("openshell", "main", ["sh", "-c", "echo  $x", ""], terminal);
    return withStandIns({ openshell }, script, "openshell", ...args).stdout;
  };
  test.each([
    ["0.0.112", false, "[--no-tty]"],
    ["0.0.112", true, "[--tty]"],
    ["0.1.9 (from-docs)", false, "[--no-tty][--no-login-shell]"],
  ])("is run as %s takes it", (release, terminal, flags) => {
    expect(called(release, terminal)).toBe(`[sandbox][exec]${flags}[-n][main][--][sh][-c][echo  $x][]`);
  });
});

describe("a route", () => {
  const spec = {
    sandbox: "main",
    owner: { project: "nemoclaw", stack: "test", installation: "one" },
    baseUrl: "http://models:8000/v1",
    model: "m",
    running: true,
    enabled: true,
    inForce: true,
  };
  const questions = (definition?: string) =>
    JSON.stringify(route.removal({ ...spec, definition } as typeof spec).facts);

  test("notes the line that it is made under (0.1.x from-docs)", async () => {
    expect(await route.fill?.(spec)).toEqual({ ...spec, definition: "0.0.11x", verify: true });
    version = "0.1.9";
    expect(await route.fill?.(spec)).toEqual({ ...spec, definition: "0.1.x", verify: true });
  });

  test("that stands is looked at and removed by that line, by the pinned one where none was noted (0.1.x from-docs)", async () => {
    version = "0.1.9";
    expect(questions("0.0.11x")).not.toContain('"attached"');
    expect(await route.step({ ...spec, definition: "0.0.11x" })).not.toHaveProperty("facts.route.attached");
    expect(await route.step({ ...spec, definition: "0.1.x" })).toHaveProperty("facts.route.attached");
    expect(questions("0.1.x")).toContain('"attached"');
    expect(questions()).toContain('"attached"');
    const provider = { kind: "there", id: "p1", type: "openai", resourceVersion: 1 };
    const facts = {
      provider,
      inference: { provider: "nemoclaw-main", model: "m" },
      note: undefined,
      settings: inferenceLocal,
      reported: {},
    };
    expect(route.observe({ ...spec, definition: "0.0.11x" }, { route: facts })).toMatchObject({
      running: true,
      model: "m",
      definition: "0.0.11x",
    });
  });
});
