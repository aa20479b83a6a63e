import { describe, expect, test } from "vitest";
import type { Command } from "../../host/command.ts";
import { HostError } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import type { Question } from "../../host/question.ts";
import { answersTurn } from "../../host/runtimes/turn-health.ts";
import { all, type Step } from "../../host/step.ts";
import { ensureFile } from "../../host/steps/managed-file.ts";
import { ensureSymlink } from "../../host/steps/symlink.ts";
import { ensureUnit } from "../../host/steps/systemd-unit.ts";
import { ensureOrSwitchBack, type Health } from "../../host/upgrade.ts";
import { withStandIns } from "../support/stand-ins.ts";

interface World {
  version: string;
  /** Whether an earlier run left what it kept, which is version 1, and what did not work then. */
  left?: boolean;
  broken?: readonly string[];
  running?: boolean;
  /** Versions under which a turn is answered. */
  answers: readonly string[];
  /** Versions under which the second of two things works. */
  polls?: readonly string[];
  /** The version that cannot be started, and how that fails. */
  fails?: { readonly version: string; readonly error: HostError };
  /** How what was kept fails to start. */
  failsBack?: HostError;
  /** Versions under which a turn has no end. */
  hangs?: readonly string[];
}

/** A stand-in for a machine with one service of a version; it knows what it is told to do by its title. */
function machineOf(world: World) {
  const done: string[] = [];
  let kept = world.version;
  const host = {
    machine: { address: "stand-in" },
    look: async (questions: object) => {
      const facts = world.version;
      if (!("standing" in questions)) return facts;
      const { left = false, running = true, broken = [] } = world;
      return { facts, standing: { left, running, broken } };
    },
    apply: async (_what: string, commands: readonly Command[]) => {
      for (const { title } of commands) {
        done.push(title);
        if (title === keep) kept = world.version;
        else if (title === back) world.version = world.left ? "1" : kept;
        else if (title === forget) world.left = false;
        else world.version = title.replace("start ", "");
        if (title === back && world.failsBack) throw world.failsBack;
        if (title === `start ${world.fails?.version}`) throw world.fails?.error;
      }
    },
    run: async ({ title }: Command) => {
      done.push(title);
      const [able = [], said] = title === poll ? [world.polls, "no poll"] : [world.answers, "agent-down"];
      const works = able.includes(world.version);
      if (world.hangs?.includes(world.version)) throw new HostError("timeout", { summary: "did not end within 240 s" });
      return { exitCode: works ? 0 : 1, stdout: works ? "{}" : said, stderr: "" };
    },
  };
  return { host: host as unknown as Host, done };
}

const service = (wanted: string): Step<string> => ({
  name: "the service",
  facts: { script: "", parse: () => "" },
  plan: (now) => (now === wanted ? [] : [{ title: `start ${wanted}`, script: "" }]),
  kept: { paths: ["/opt/x/current"], units: ["x.service"] },
  replaces: (now) => now !== wanted,
});

const upgrade = (world: World, health: readonly Health[] = [answersTurn("main")]) => {
  const { host, done } = machineOf(world);
  return { done, result: ensureOrSwitchBack(host, service("2"), health) };
};
const ask = "ask the agent for a turn";
const poll = "see whether it polls";
const both: readonly Health[] = [{ what: "it polls", command: { title: poll, script: "" } }, answersTurn("main")];
const [keep, back, forget] = ["keep what runs now", "put back what ran before", "forget what ran before"];

describe("an upgrade, on a stand-in for a machine", () => {
  test("is tried by a turn before and after, and then what ran before is forgotten", async () => {
    const world: World = { version: "1", answers: ["1", "2"] };
    const { done, result } = upgrade(world);
    expect(await result).toBe("2");
    expect(done).toEqual([ask, keep, "start 2", ask, forget]);
  });

  test("that takes the answer away is switched back, with the reason and what to do", async () => {
    const world: World = { version: "1", answers: ["1"] };
    const { done, result } = upgrade(world);
    const error = await result.catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: "switched-back" });
    expect(String(error)).toMatch(/what ran before it runs again[\s\S]*answers a turn: not any more[\s\S]*agent-down/);
    expect(done).toEqual([ask, keep, "start 2", ask, back, forget, ask]);
    expect(world.version).toBe("1");
  });

  test("that does not start is switched back", async () => {
    const error = new HostError("command", { summary: "start x.service failed" });
    const world: World = { version: "1", answers: ["1"], fails: { version: "2", error } };
    await expect(upgrade(world).result).rejects.toThrow(/what ran before it runs again[\s\S]*start x.service failed/);
    expect(world.version).toBe("1");
  });

  test("is not measured by a turn that was not answered before either", async () => {
    const { done, result } = upgrade({ version: "1", answers: [] });
    expect(await result).toBe("2");
    expect(done).toEqual([ask, keep, "start 2", forget]);
  });

  test("that takes one of two things away is switched back, with the reason of that one", async () => {
    const { done, result } = upgrade({ version: "1", answers: ["1"], polls: ["1", "2"] }, both);
    await expect(result).rejects.toThrow(/answers a turn: not any more[\s\S]*agent-down/);
    expect(done).toEqual([poll, ask, keep, "start 2", poll, ask, back, forget, poll, ask]);
  });

  test("is measured by the one of two things that worked before, and by no other", async () => {
    const lost = upgrade({ version: "1", answers: [], polls: ["1"] }, both);
    await expect(lost.result).rejects.toThrow(/it polls: not any more[\s\S]*no poll/);
    expect(lost.done).toEqual([poll, ask, keep, "start 2", poll, back, forget, poll]);
    const fine = upgrade({ version: "1", answers: [], polls: ["1", "2"] }, both);
    expect(await fine.result).toBe("2");
    expect(fine.done).toEqual([poll, ask, keep, "start 2", poll, forget]);
  });

  test("that was cut off and stands whole is tried, and what ran before is forgotten; nothing is put back or started", async () => {
    const { done, result } = upgrade({ version: "2", left: true, answers: ["1", "2"] });
    expect(await result).toBe("2");
    expect(done).toEqual([ask, forget]);
  });

  test("that was cut off and does not work is switched back, with the reason", async () => {
    const world: World = { version: "2", left: true, answers: ["1"] };
    const { done, result } = upgrade(world);
    await expect(result).rejects.toThrow(
      /what ran before it runs again[\s\S]*answers a turn: not any more[\s\S]*agent-down/,
    );
    expect(done).toEqual([ask, back, ask, forget, ask]);
    expect(world.version).toBe("1");
  });

  test("that was cut off stays what is wanted where what ran before does not work either, and is settled by a later run", async () => {
    const world: World = { version: "2", left: true, answers: [] };
    const away = upgrade(world);
    const error = await away.result.catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: "command" });
    expect(String(error)).toMatch(
      /neither what is wanted of the service nor what ran before it works.*; what is wanted is in force\n[\s\S]*not any more[\s\S]*agent-down[\s\S]*put back to be tried: agent-down/,
    );
    expect(away.done).toEqual([ask, back, ask, "start 2"]);
    expect(world).toMatchObject({ version: "2", left: true });

    const before = upgrade({ ...world, answers: ["1"] });
    await expect(before.result).rejects.toThrow("what ran before it runs again");
    world.answers = ["2"];
    expect(await upgrade(world).result).toBe("2");
    expect(world).toMatchObject({ version: "2", left: false });
  });

  test.each([
    [
      ["1", "2"],
      ["did not end", "did not end"],
    ],
    [["1"], ["agent-down", "did not end"]],
    [["2"], ["did not end", "agent-down"]],
  ])("that was cut off stays, too, where a turn has no end under %s", async (hangs, [first, then]) => {
    const world: World = { version: "2", left: true, answers: [], hangs };
    const { done, result } = upgrade(world);
    await expect(result).rejects.toThrow(
      new RegExp(`neither[\\s\\S]*not any more[\\s\\S]*${first}[\\s\\S]*put back to be tried:[\\s\\S]*${then}`),
    );
    expect(done).toEqual([ask, back, ask, "start 2"]);
    expect(world).toMatchObject({ version: "2", left: true });
  });

  test("under which a turn has no end any more is switched back", async () => {
    const world: World = { version: "1", answers: ["1"], hangs: ["2"] };
    const { done, result } = upgrade(world);
    await expect(result).rejects.toThrow("what ran before it runs again");
    expect(done).toEqual([ask, keep, "start 2", ask, back, forget, ask]);
    expect(world.version).toBe("1");
  });

  test("that was cut off and neither starts nor lets what ran before start leaves what is wanted", async () => {
    const failing = (version: string) => new HostError("command", { summary: `version ${version} does not start` });
    const world: World = {
      version: "half",
      left: true,
      answers: [],
      fails: { version: "2", error: failing("2") },
      failsBack: failing("1"),
    };
    const { done, result } = upgrade(world);
    await expect(result).rejects.toThrow(
      /neither.*as far as it could be made\n[\s\S]*2 does not start[\s\S]*1 does not start/,
    );
    expect(done).toEqual(["start 2", back, "start 2"]);
    expect(world).toMatchObject({ version: "2", left: true });
  });

  test("that was cut off is to blame for what it alone takes away, whatever else does not work", async () => {
    const world: World = { version: "2", left: true, answers: [], polls: ["1"] };
    const { done, result } = upgrade(world, both);
    await expect(result).rejects.toThrow(/it polls: not any more[\s\S]*not work any more either: agent-down/);
    expect(done).toEqual([poll, back, poll, forget, poll, ask]);
    expect(world).toMatchObject({ version: "1", left: false });
  });

  test.each(["1", "half", "3"])("that was cut off at %s is gone on with, and tried at its end", async (version) => {
    for (const running of [true, false]) {
      const { done, result } = upgrade({ version, running, left: true, answers: ["2"] });
      expect(await result).toBe("2");
      expect(done).toEqual(["start 2", ask, forget]);
    }
  });

  test("that was cut off half-way falls back to what was kept then, not to the half", async () => {
    const world: World = { version: "half", left: true, answers: ["half", "1"] };
    const { done, result } = upgrade(world);
    await expect(result).rejects.toThrow("what ran before it runs again");
    expect(done).toEqual(["start 2", ask, back, ask, forget, ask]);
    expect(world.version).toBe("1");
  });

  test("that was cut off is measured by what worked before it", async () => {
    const world: World = { version: "2", left: true, broken: ["it polls"], answers: ["1", "2"] };
    const { done, result } = upgrade(world, both);
    expect(await result).toBe("2");
    expect(done).toEqual([ask, forget]);
  });

  test.each(["unreachable", "cancelled"] as const)("keeps what ran before when it is %s on the way", async (kind) => {
    const error = new HostError(kind, { summary: "gone" });
    const { done, result } = upgrade({ version: "1", answers: ["1"], fails: { version: "2", error } });
    await expect(result).rejects.toThrow("gone");
    expect(done).not.toContain(forget);
  });

  test("whose plan refuses what it finds keeps nothing and puts nothing back", async () => {
    const { host, done } = machineOf({ version: "1", answers: ["1"] });
    const refusing: Step<string> = {
      ...service("2"),
      plan() {
        throw new HostError("foreign", { summary: "somebody else's" });
      },
    };
    await expect(ensureOrSwitchBack(host, refusing, [answersTurn("main")])).rejects.toThrow("somebody else's");
    expect(done).toEqual([]);
  });

  test("asks nothing where nothing changes its version, or nothing runs", async () => {
    const same = upgrade({ version: "2", answers: [] });
    await same.result;
    expect(same.done).toEqual([]);
    const down = upgrade({ version: "1", answers: [], running: false });
    await down.result;
    expect(down.done).toEqual(["start 2"]);
  });
});

describe("what a step keeps", () => {
  const unit = ensureUnit({ name: "x@main.service", text: "[Service]\n" });
  const parts = {
    link: ensureSymlink({ path: "/opt/nemoclaw/x/current", target: "2" }),
    file: ensureFile({ path: "/etc/nemoclaw/main/x.json", content: "{}" }),
    unit,
    foreign: ensureUnit({ name: "docker.service" }),
  };
  const step = all("x", parts);

  test("is every file, link and unit of its own", () => {
    expect(step.kept).toEqual({
      paths: [
        "/opt/nemoclaw/x/current",
        "/etc/nemoclaw/main/x.json",
        "/etc/systemd/system/x@main.service",
        "/var/lib/nemoclaw/units/x@main.service",
      ],
      makers: [],
      units: ["x@main.service"],
    });
  });

  test("is replaced by a link that leads elsewhere and by another unit file, and not by what is new", () => {
    const common = { mode: 0o777, owner: "root", group: "root" };
    const link = (target: string) => ({ kind: "link", ...common, target }) as const;
    expect(parts.link.replaces?.(link("1"))).toBe(true);
    expect(parts.link.replaces?.(link("2"))).toBe(false);
    expect(parts.link.replaces?.({ kind: "absent" })).toBe(false);
    const facts = (file: object) => ({ file }) as unknown as Parameters<NonNullable<typeof unit.replaces>>[0];
    expect(unit.replaces?.(facts({ kind: "file", ...common, sha256: "0" }))).toBe(true);
    expect(unit.replaces?.(facts({ kind: "absent" }))).toBe(false);
  });
});

describe("what ran before is put back by a real shell", () => {
  const unit = "x@main.service";
  const maker = "{here}/make";
  const step: Step<string> = { ...service("2"), kept: { paths: [maker], makers: [maker], units: [unit] } };

  /** The script of the next run, where an earlier one was cut off and what it made does not work; with a stand-in for systemctl. */
  async function putBack(prepare: string) {
    let script = "";
    const host = {
      machine: { address: "stand-in" },
      look: async (questions: object) =>
        "standing" in questions ? { facts: "2", standing: { left: true, running: false, broken: [] } } : "2",
      apply: async (_what: string, [first]: readonly Command[]) => {
        script = first?.script ?? "";
      },
      run: async () => ({ exitCode: 1, stdout: "", stderr: "" }),
    };
    await expect(ensureOrSwitchBack(host as unknown as Host, step, [answersTurn("main")])).rejects.toThrow();
    const kept = /^home=(.*)$/m.exec(script)?.[1] ?? "";
    const systemctl = `up="$(dirname "$0")/up"
case "$1" in restart) echo "$3 is restarted"; touch "$up" ;; -q) test -f "$up" ;; esac`;
    const here = script.replaceAll(kept, "{here}/kept");
    return withStandIns({ systemctl }, `mkdir {here}/kept; echo ${unit} >{here}/kept/running\n${prepare}\n${here}`);
  }

  test("a maker runs before the services start", async () => {
    const prepare = "echo 'echo made' >{here}/make; mkdir -p {here}/kept{here}; cp {here}/make {here}/kept{here}/make";
    expect(await putBack(prepare)).toEqual({ exitCode: 0, stdout: `made\n${unit} is restarted\n` });
  });

  test("what an older release kept has no maker, and its services are started all the same", async () => {
    expect(await putBack("")).toEqual({ exitCode: 0, stdout: `${unit} is restarted\n` });
  });
});

test("what did not work when something was kept is told by a look of a later run, whatever its name is", async () => {
  const unit = "x@main.service";
  const names = ["the bridge's left side is running", "unmade"];
  const step: Step<string> = { ...service("2"), kept: { paths: [], units: [unit] } };
  let [script, standing] = ["", undefined as unknown as Question<unknown>];
  const host = {
    machine: { address: "stand-in" },
    look: async (questions: { standing: Question<unknown> }) => {
      if (!("standing" in questions)) return "2";
      standing = questions.standing;
      return { facts: "1", standing: { left: false, running: true, broken: [] } };
    },
    apply: async (_what: string, [first]: readonly Command[]) => {
      script ||= first?.script ?? "";
    },
    run: async () => ({ exitCode: 1, stdout: "", stderr: "" }),
  };
  const health = names.map((what) => ({ what, command: { title: what, script: "" } }));
  await ensureOrSwitchBack(host as unknown as Host, step, health);
  const folder = /^home=(.*)$/m.exec(script)?.[1] ?? "";
  const both = `${script}\n${standing.script}`.replaceAll(folder, "{here}/kept");
  const answer = withStandIns({ systemctl: "exit 1" }, both);
  expect(standing.parse(answer)).toEqual({ left: true, running: false, broken: names });
});
