import { describe, expect, test } from "vitest";
import { containerFacts } from "../../host/runtimes/openshell/sandbox-facts.ts";
import { sentPolicy } from "../../host/runtimes/openshell/static-policy.ts";
import { writableFolders } from "../../host/runtimes/openshell/writable-folders.ts";
import type { StaticPolicy } from "../../host/runtimes/runtime.ts";
import { withStandIns } from "../support/stand-ins.ts";

/** What an OpenShell sandbox is made with, and what Docker says of its container. */
const files = (lists: NonNullable<StaticPolicy["filesystem_policy"]>): StaticPolicy => ({
  version: 1,
  filesystem_policy: lists,
});

describe("the policy that is sent", () => {
  const programs = ["/opt/nemoclaw/node/24.21.0", "/opt/nemoclaw/agent/2026.9.6"];
  test.each<[string, StaticPolicy, object]>([
    [
      "without files: the programs can be read, and the agent's own folder written",
      { version: 1 },
      { include_workdir: true, read_only: programs, read_write: [] },
    ],
    [
      "the workdir that a policy means is the workspace",
      files({ include_workdir: true, read_only: ["/usr"], read_write: ["/tmp"] }),
      { include_workdir: true, read_only: ["/usr", ...programs], read_write: ["/tmp", "/sandbox"] },
    ],
    [
      "without it the workspace is not written, and the agent's folder still is",
      files({ include_workdir: false, read_write: ["/tmp"] }),
      { include_workdir: true, read_only: programs, read_write: ["/tmp"] },
    ],
    [
      "nothing is said twice",
      files({ include_workdir: true, read_only: ["/usr", programs[0] as string], read_write: ["/sandbox"] }),
      { include_workdir: true, read_only: ["/usr", ...programs], read_write: ["/sandbox"] },
    ],
  ])("%s", (_what, policy, sent) => expect(sentPolicy(policy, programs).filesystem_policy).toEqual(sent));

  test("the rest is as it is written", () => {
    const rest = { landlock: { compatibility: "hard_requirement" }, process: { run_as_user: "sandbox" } } as const;
    expect(sentPolicy({ version: 1, ...rest }, [])).toMatchObject(rest);
  });
});

describe("folders of the machine that a sandbox writes", () => {
  test.each<[string[], string[]]>([
    [[], []],
    [
      ["/srv/shared", "/data"],
      ["/srv/shared", "/data"],
    ],
    [["/sandbox", "/tmp", "/agent/state", "/home/x", "/usr/local", "/lib64", "/proc", "/dev/null"], []],
    [["/var", "/var/tmp", "/var/cache"], ["/var/cache"]],
    [
      ["/opt", "/opt/tools", "/opt/nemoclaw/x", "/opt/openshell"],
      ["/opt", "/opt/tools"],
    ],
    [
      ["/srvice", "/tmpfiles", "/etcetera", "/library"],
      ["/srvice", "/tmpfiles", "/etcetera", "/library"],
    ],
  ])("%j", (read_write, folders) => expect(writableFolders(files({ read_write }))).toEqual(folders));

  test("none of a policy without files", () => expect(writableFolders({ version: 1 })).toEqual([]));
});

describe("what Docker says of a container, from a stand-in for it", () => {
  /** @param containers each with the network that it is on */
  const asked = (containers: Record<string, string>, limits: string) => {
    const modes = Object.entries(containers).map(([id, mode]) => `*NetworkMode*${id}) echo ${mode} ;;`);
    const docker = `case "$*" in ps*) echo "${Object.keys(containers).join(" ")}" ;; ${modes.join(" ")} *HostConfig.Memory*) echo "$4 ${limits}" ;; esac`;
    const { script, parse } = containerFacts("main");
    return parse(withStandIns({ docker }, script));
  };
  test.each<[string, string, object]>([
    ["with limits", "2621440000 2000000000 512", { id: "id", memoryBytes: 2621440000, cpus: 2, pids: 512 }],
    ["without", "0 0 <nil>", { id: "id", memoryBytes: 0, cpus: 0, pids: 0 }],
  ])("%s", (_what, limits, facts) => expect(asked({ id: "bridge" }, limits)).toEqual(facts));

  test("of two containers, as 0.1.x has them, the sandbox's own is meant (from-docs)", () => {
    expect(asked({ supervisor: "host", inner: "none" }, "1024 1000000000 64")).toMatchObject({ id: "inner" });
  });

  test("there is none", () => expect(asked({}, "")).toBeUndefined());
});
