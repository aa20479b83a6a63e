import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "smol-toml";
import { describe, expect, test } from "vitest";
import { HostError } from "../../host/errors.ts";
import { parsePorts } from "../../host/preflight/ports.ts";
import type { Question } from "../../host/question.ts";
import { parseAgent } from "../../host/runtimes/openshell/agent-settings.ts";
import { dialectOf } from "../../host/runtimes/openshell/dialect.ts";
import { requireCdi } from "../../host/runtimes/openshell/docker-cdi.ts";
import { requireDocker } from "../../host/runtimes/openshell/docker-version.ts";
import { ensureConnected, parseStatus } from "../../host/runtimes/openshell/gateway.ts";
import { gatewaySchema1, gatewaySchema2 } from "../../host/runtimes/openshell/gateway-config.ts";
import { requireGatewayPort } from "../../host/runtimes/openshell/gateway-port.ts";
import { gatewayUnit } from "../../host/runtimes/openshell/gateway-unit.ts";
import { parseProvider } from "../../host/runtimes/openshell/inference-facts.ts";
import { requireLandlock } from "../../host/runtimes/openshell/landlock.ts";
import { listed } from "../../host/runtimes/openshell/listed.ts";
import { inOurWords } from "../../host/runtimes/openshell/network.ts";
import { profileHash, providerProfile } from "../../host/runtimes/openshell/provider-profile.ts";
import { isListed } from "../../host/runtimes/openshell/provider-route.ts";
import { parseBox } from "../../host/runtimes/openshell/sandbox-facts.ts";
import { observedPolicy } from "../../host/runtimes/openshell/static-policy.ts";
import { agentSettings } from "../../services/sandbox-supervisor/agent-settings.ts";
import { someMachine } from "../support/some-machine.ts";

/**
 * Both lines of releases that the driver speaks. `recorded` is what a build of 0.0.112 really said; `from-docs` is what the
 * public documentation of 0.1.x says, which nobody here has run.
 */

const said = (stdout: string, exitCode = 0) => ({ stdout, exitCode, unreachable: false });

/** What a plan refuses with. */
function refusal(plan: () => unknown): HostError {
  try {
    plan();
  } catch (error) {
    if (error instanceof HostError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("which dialect a version speaks", () => {
  test.each([
    ["0.0.112-dev.7+g2f7fb6559", "0.0.11x"],
    ["0.0.116", "0.0.11x"],
    ["0.1.0", "0.1.x"],
    ["0.1.9", "0.1.x"],
    ["0.1.10-rc.1", "0.1.x"],
  ])("%s is of %s", (version, line) => expect(dialectOf(version).line).toBe(line));

  test.each(["0.0.109", "0.2.0", "1.0.0", "0.11.1", "", "latest"])("%s is refused by name", (version) => {
    expect(() => dialectOf(version)).toThrow(`OpenShell ${version} is not a release that this driver speaks`);
  });

  test("only the line that was run is called verified", () => {
    expect([dialectOf("0.0.112").verified, dialectOf("0.1.9").verified]).toEqual([true, false]);
  });
});

describe("the gateway's configuration", () => {
  test("schema 1, recorded: a build of 0.0.112 starts with it", () => {
    expect(parse(gatewaySchema1({ supervisorImage: "supervisor:0.0.112" }))).toEqual({
      openshell: {
        version: 1,
        gateway: {
          bind_address: "127.0.0.1:17670",
          policy_validation_failure_mode: "retain_last_valid",
          compute_drivers: ["docker"],
        },
        drivers: {
          docker: {
            socket_path: "/var/run/docker.sock",
            supervisor_image: "supervisor:0.0.112",
            enable_bind_mounts: true,
            image_pull_policy: "IfNotPresent",
          },
        },
      },
    });
  });

  test("schema 2, from-docs: one driver, two images, and mounts allowed three times over", () => {
    const settings = { supervisorImage: "supervisor:0.1.9", runtimeImage: "runtime:0.1.9" };
    expect(parse(gatewaySchema2(settings))).toEqual({
      openshell: {
        version: 2,
        gateway: {
          bind_address: "127.0.0.1:17670",
          policy_validation_failure_mode: "retain_last_valid",
          compute_driver: "docker",
        },
        drivers: {
          docker: {
            socket_path: "/var/run/docker.sock",
            supervisor_image: "supervisor:0.1.9",
            sandbox_runtime_image: "runtime:0.1.9",
            enable_bind_mounts: true,
            image_pull_policy: "if_not_present",
            allow_driver_config: true,
            resource_admission: { enabled: false },
          },
        },
      },
    });
  });

  test("is looked at before the gateway starts, where a release can do that (from-docs)", () => {
    const steps = (version: string) =>
      gatewayUnit(version)
        .split("\n")
        .filter((line) => line.startsWith("Exec"))
        .map((line) => line.replace(/\/\S+\//, ""));
    expect(steps("0.0.112")).toEqual([
      expect.stringContaining("generate-certs"),
      expect.stringContaining("sh -ec"),
      "ExecStart=openshell-gateway",
    ]);
    expect(steps("0.1.9")[0]).toMatch(/config preflight --path \/etc\/nemoclaw\/openshell\/gateway\.toml$/);
  });

  test("keeps the database of the release before, once another one starts", () => {
    const home = mkdtempSync(join(tmpdir(), "nemoclaw-gateway-"));
    const start = (version: string) => {
      const [, script = ""] = /^ExecStartPre=\/bin\/sh -ec '([^']*)'$/m.exec(gatewayUnit(version)) ?? [];
      const text = script.replaceAll("\\\n", " ").replaceAll("$$", "$").replaceAll("/var/lib/nemoclaw-openshell", home);
      execFileSync("sh", ["-ec", text]);
    };
    const database = join(home, "state/openshell/gateway/openshell.db");
    const kept = (name: string) => readFileSync(join(home, "before-upgrade", name), "utf8");
    try {
      start("0.0.111");
      mkdirSync(dirname(database), { recursive: true });
      writeFileSync(database, "of 111");
      start("0.0.111");
      expect(existsSync(join(home, "before-upgrade"))).toBe(false);
      start("0.0.112");
      expect([kept("release"), kept("gateway/openshell.db")]).toEqual(["0.0.111\n", "of 111"]);
      writeFileSync(database, "of 112");
      start("0.0.112");
      expect(kept("gateway/openshell.db")).toBe("of 111");
      start("0.0.113");
      expect([kept("release"), kept("gateway/openshell.db")]).toEqual(["0.0.112\n", "of 112"]);
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  test("no release tells the maker how it is used", () => {
    expect(gatewayUnit("0.1.9")).toContain("OPENSHELL_TELEMETRY_ENABLED=false");
  });
});

describe("what the CLI says", () => {
  test.each([
    ["recorded", "0.0.112-dev.7+g2f7fb6559"],
    ["from-docs", "0.1.9"],
  ])("status, %s", (_how, version) => {
    const answer = {
      authentication: { provider: "mTLS transport", status: "authenticated" },
      gateway: "nemoclaw",
      server: "https://127.0.0.1:17670",
      status: "connected",
      version,
    };
    expect(parseStatus(JSON.stringify(answer, null, 2))).toEqual({ connected: true, version, said: "" });
    const stranger = { ...answer, authentication: { status: "unauthenticated" } };
    expect(parseStatus(JSON.stringify(stranger)).connected).toBe(false);
  });

  test.each(['{"status":"not_configured"}', "Error:   × client error (Connect)\n  ╰─▶ Connection refused"])(
    "a gateway that is not there: %s",
    (text) => expect(parseStatus(text)).toEqual({ connected: false, said: text }),
  );

  const provider = { id: "9f34e1ff", name: "nemoclaw-main", resource_version: 2, type: "openai", workspace: "default" };
  test.each([
    ["recorded", [provider]],
    ["from-docs", { providers: [{ ...provider, credential_expiry: null }], next_page_token: "" }],
  ])("a list of providers, %s", (_how, answer) => {
    const found = parseProvider(said(JSON.stringify(answer)), "nemoclaw-main");
    expect(found).toEqual({ kind: "there", id: "9f34e1ff", type: "openai", resourceVersion: 2 });
    expect(parseProvider(said(JSON.stringify(answer)), "other")).toEqual({ kind: "absent" });
  });

  test.each([
    ["recorded, none", "[]", 0],
    ["a sentence instead", "No providers found.", 0],
    ["from-docs", '{"sandboxes":[{"name":"a"},{"name":"b"}],"next_page_token":""}', 2],
    ["from-docs, none", '{"sandboxes":[],"next_page_token":""}', 0],
    ["nothing of that name", '{"revisions":[{}]}', 0],
    ["null", "null", 0],
  ])("a list of sandboxes, %s", (_how, text, count) => expect(listed(text, "sandboxes")).toHaveLength(count));

  test.each(["Completed", "Suspended", "Ready"])(
    "a sandbox in phase %s, from-docs: more is said, the same is read",
    (phase) => {
      const answer = {
        name: "main",
        labels: { "nemoclaw.recipe": "abc" },
        phase,
        policy: { version: 1 },
        conditions: [{ type: "Ready", status: "False", reason: "MainProcessFailed", message: "exit 1" }],
        configuration_admission: { state: "accepted" },
        exit_code: 0,
      };
      expect(parseBox(said(JSON.stringify(answer)))).toEqual({
        kind: "there",
        phase,
        labels: { "nemoclaw.recipe": "abc" },
        policy: { version: 1 },
        ofGateway: false,
      });
    },
  );

  test.each([
    ["a table, from-docs", "NAME           TYPE           STATUS\nnemoclaw-main  nemoclaw-main  ready\n", true],
    ["one name a line", "nemoclaw-main\n", true],
    ["another name that begins alike", "nemoclaw-main-2  openai\n", false],
    ["none", "No providers attached to sandbox 'main'\n", false],
  ])("attached providers: %s", (_how, text, is) => expect(isListed(text, "nemoclaw-main")).toBe(is));
});

describe("the static policy that a gateway shows", () => {
  const wanted = {
    version: 1 as const,
    filesystem_policy: { include_workdir: true, read_only: ["/usr"], read_write: ["/tmp"] },
  };
  const programs = ["/opt/nemoclaw/node/24.21.0"];
  const live = (readOnly: string[], readWrite: string[]) => ({
    version: 1,
    filesystem_policy: {
      include_workdir: true,
      read_only: ["/usr", ...programs, ...readOnly],
      read_write: ["/tmp", "/sandbox", ...readWrite],
    },
  });

  test.each([
    ["recorded", "0.0.112", live(["/var/log"], [])],
    ["from-docs", "0.1.9", live(["/lib", "/etc", "/app", "/var/log", "/proc", "/dev/urandom"], ["/dev/null"])],
  ])("what it adds by itself is no drift, %s", (_how, version, shown) => {
    expect(observedPolicy(wanted, programs, shown, dialectOf(version).added)).toBe(wanted);
  });

  test.each([
    ["recorded", "0.0.112"],
    ["from-docs", "0.1.9"],
  ])("what somebody else adds is shown alone, %s", (_how, version) => {
    const shown = live(["/var/log", "/srv"], ["/var/cache"]);
    expect(observedPolicy(wanted, programs, shown, dialectOf(version).added).filesystem_policy).toMatchObject({
      read_only: expect.arrayContaining(["/srv"]),
      read_write: expect.arrayContaining(["/var/cache"]),
    });
  });
});

describe("the programs of a network policy, as a gateway answers it", () => {
  const paths = ["/usr/bin/curl", "/usr/bin/git"];
  const endpoints = [{ host: "a.example", port: 443 }];
  const wanted = { a: { endpoints, binaries: paths.map((path) => ({ path })) } };
  const forms: [string, (path: string) => unknown][] = [
    ["objects, as 0.0.112 writes them", (path) => ({ path })],
    ["plain strings, from-docs", (path) => path],
  ];

  test.each(forms)("%s: no drift", (_how, form) => {
    const live = { a: { name: "a", endpoints, binaries: paths.map(form) } };
    expect(inOurWords(wanted, live)).toEqual(wanted);
  });

  test.each(forms)("%s: another program is drift", (_how, form) => {
    const live = { a: { name: "a", endpoints, binaries: [...paths, "/bin/sh"].map(form) } };
    expect(inOurWords(wanted, live).a?.binaries).toEqual([...wanted.a.binaries, { path: "/bin/sh" }]);
  });
});

describe("a provider profile of 0.1.x", () => {
  const { owner } = someMachine;
  const spec = { sandbox: "main", owner, model: "m", running: true, enabled: true, inForce: true } as const;
  const node = "/opt/nemoclaw/node/24.21.0/bin/node";

  test("from-docs: one service, four requests, one program, the key by name alone", () => {
    const profile = providerProfile({ ...spec, baseUrl: "https://integrate.api.nvidia.com/v1/", key: "s3cret" }, node);
    expect(profile).toMatchObject({
      id: "nemoclaw-main",
      credentials: [{ env_vars: ["NEMOCLAW_INFERENCE_KEY"], auth_style: "bearer", header_name: "authorization" }],
      endpoints: [{ host: "integrate.api.nvidia.com", port: 443, protocol: "rest", enforcement: "enforce" }],
      binaries: [node],
    });
    const [endpoint] = (profile as { endpoints: { rules: { allow: { method: string; path: string } }[] }[] }).endpoints;
    expect(endpoint?.rules.map(({ allow }) => `${allow.method} ${allow.path}`)).toEqual([
      "POST /v1/chat/completions",
      "POST /v1/responses",
      "POST /v1/embeddings",
      "GET /v1/models",
    ]);
    expect(JSON.stringify(profile)).not.toContain("s3cret");
  });

  test.each([
    ["http://127.0.0.1:11434/v1", "host.openshell.internal", 11434],
    ["http://models.example.com", "models.example.com", 80],
    ["https://[fd00::1]:8443/v1", "fd00::1", 8443],
  ])("from-docs: %s without a key", (baseUrl, host, port) => {
    expect(providerProfile({ ...spec, baseUrl }, node)).toMatchObject({ credentials: [], endpoints: [{ host, port }] });
  });

  test("from-docs: its name stays when only its version counts up", () => {
    const exported = { id: "a", resource_version: 1, description: "", source: "user" };
    expect(profileHash({ ...exported, resource_version: 2 })).toBe(profileHash(exported));
    expect(profileHash({ ...exported, description: "edited" })).not.toBe(profileHash(exported));
  });

  test("the agent's own settings tell where it is led, and nothing else when it has changed their shape", () => {
    const led = { workspace: "/sandbox", state: "/agent/state", baseUrl: "https://a.example/v1", model: "org/m-1" };
    expect(parseAgent(JSON.stringify(agentSettings(led)))).toEqual({ baseUrl: led.baseUrl, model: led.model });
    expect(parseAgent('{"agents":[]}')).toEqual({});
    expect(parseAgent("not JSON")).toEqual({});
  });
});

describe("what a machine must have", () => {
  const old = dialectOf("0.0.112");
  const current = dialectOf("0.1.9");

  test.each([
    ["6.1.0-43-amd64", 2, /Linux 6\.1\.0-43-amd64 with Landlock's interface 2.*only with 3 or newer, of Linux 6\.2/s],
    ["5.15.0-100-generic", 1, /Debian 13 or Ubuntu 24\.04/],
    ["6.12.0-1", 0, /without Landlock.*add landlock to lsm=/s],
    ["4.19.0", 0, /without Landlock.*Debian 13/s],
  ])("Linux %s is refused for 0.1.x (from-docs) and taken for 0.0.11x", (release, abi, message) => {
    expect(refusal(() => requireLandlock(current).plan({ release, abi })).message).toMatch(message);
    expect(requireLandlock(old).plan({ release, abi })).toEqual([]);
  });

  test.each([3, 7, undefined])("Landlock's interface %s is taken (from-docs)", (abi) => {
    expect(requireLandlock(current).plan({ release: "6.2.0", abi })).toEqual([]);
  });

  test("an old Docker is refused with its version, unless it is taken knowingly", () => {
    const facts = { version: "20.10.24+dfsg1", offered: "" };
    expect(refusal(() => requireDocker(28, { accepted: false }).plan(facts)).message).toMatch(
      /Docker 20\.10\.24\+dfsg1, and.*28 or newer.*accept: \[docker-version\]/s,
    );
    expect(requireDocker(28, { accepted: true }).plan(facts)).toEqual([]);
    expect(requireDocker(28, { accepted: false }).plan({ version: "28.0.1", offered: "" })).toEqual([]);
  });

  test("the distribution's Docker is refused before it is installed, where it would be too old", () => {
    const facts = { version: "", offered: "20.10.24+dfsg1-1+deb12u1+b6" };
    const offered = { accepted: false, offered: true };
    expect(refusal(() => requireDocker(28, offered).plan(facts)).message).toMatch(
      /distribution has Docker 20\.10\.24.*docker: \{ source: docker \}.*accept: \[docker-version\]/s,
    );
    expect(requireDocker(28, { ...offered, accepted: true }).plan(facts)).toEqual([]);
    expect(requireDocker(28, { accepted: false }).plan(facts)).toEqual([]);
    for (const other of ["", "28.2.2-0ubuntu1~24.04.1", "30.0"]) {
      expect(requireDocker(28, offered).plan({ version: "", offered: other })).toEqual([]);
    }
    const { parse } = (requireDocker(28, offered).facts as { offered: Question<string> }).offered;
    expect(["5:28.1~x\n", "(none)\n", ""].map((stdout) => parse({ stdout, exitCode: 0 }))).toEqual(["28.1~x", "", ""]);
  });

  test("a Docker with CDI off is refused where sandboxes get GPUs", () => {
    expect(refusal(() => requireCdi(1).plan({ folders: [] })).message).toMatch(/CDI off.*"features": \{"cdi": true\}/s);
    expect(requireCdi(0).plan({ folders: [] })).toEqual([]);
    expect(requireCdi(1).plan({ folders: ["/etc/cdi"] })).toEqual([]);
    expect(requireCdi(1).plan({ folders: undefined })).toEqual([]);
    expect(requireCdi(1).plan({ folders: ["/etc/cdi"], api: "1.50" })).toEqual([]);
    const older = { folders: ["/etc/cdi"], api: "1.45" };
    expect(refusal(() => requireCdi(1).plan(older)).message).toMatch(/API 1\.45.*finds a GPU.*Docker 28\.2/s);
    expect(requireCdi(0).plan(older)).toEqual([]);
    const { parse } = (requireCdi(1).facts as { folders: Question<readonly string[] | undefined> }).folders;
    expect(parse({ stdout: '["/etc/cdi","/var/run/cdi"]\n', exitCode: 0 })).toEqual(["/etc/cdi", "/var/run/cdi"]);
    expect(parse({ stdout: "[]\n", exitCode: 0 })).toEqual([]);
    expect(parse({ stdout: "null\n", exitCode: 0 })).toEqual([]);
    expect(parse({ stdout: "", exitCode: 1 })).toBeUndefined();
  });

  test.each([
    ["answers", 0, "28.2.2", ["/etc/cdi"]],
    ["is too old to know of CDI", 1, "28.2.2", []],
    ["does not answer in time, which says nothing of CDI", 124, "28.2.2", undefined],
  ])("Docker is asked for ten seconds at most, and %s", (_, code, version, folders) => {
    const ask = <F>({ script, parse }: Question<F>): F => {
      const docker = `docker() { test -n "$limited" || return 9; test "$1" = info || { echo 28.2.2; return; }
        test ${code} -ne 0 || echo '["/etc/cdi"]'; return ${code}; }`;
      const timeout = `timeout() ( test "$1" = 10 && limited=yes; shift; "$@" )`;
      const { stdout, status } = spawnSync("sh", ["-c", `${docker}\n${timeout}\n${script}`], { encoding: "utf8" });
      return parse({ stdout, exitCode: status ?? -1 });
    };
    const { version: asked } = requireDocker(28, { accepted: false }).facts as { version: Question<string> };
    expect(ask(asked)).toBe(version);
    expect(ask((requireCdi(1).facts as { folders: Question<unknown> }).folders)).toEqual(folders);
  });

  test("a taken port is refused with whoever took it", () => {
    const listeners = (by: string) => ({ listeners: parsePorts({ stdout: `17670 ${by}\n`, exitCode: 0 }) });
    const step = requireGatewayPort();
    expect(refusal(() => step.plan(listeners("openshell-gateway.service"))).message).toMatch(
      /openshell-gateway\.service listens on port 17670.*systemctl --user disable/s,
    );
    expect(step.plan(listeners("nemoclaw-openshell.service"))).toEqual([]);
    expect(step.plan(listeners(""))).toEqual([]);
  });

  test("a gateway of another release is waited for, and then told apart from one that does not answer", () => {
    const step = ensureConnected("0.1.9");
    expect(step.plan({ connected: true, version: "0.1.9", said: "" })).toEqual([]);
    const [command] = step.plan({ connected: true, version: "0.1.8", said: "" });
    expect(command?.script).toContain("the CLI is of OpenShell 0.1.9, and this gateway is not");
    // A release is a number: what a build adds to it does not matter.
    expect(ensureConnected("0.0.112-dev.7+g2").plan({ connected: true, version: "0.0.112", said: "" })).toEqual([]);
    expect(ensureConnected("0.1.1").plan({ connected: true, version: "0.1.10", said: "" })).toHaveLength(1);
  });
});
