import { describe, expect, test } from "vitest";
import type { Command } from "../../host/command.ts";
import { HostError, type HostErrorKind } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import type { Step } from "../../host/step.ts";
import { exchangeWorkspace } from "../../scripts/exchange-workspace.ts";

const command = (title: string) => ({ title, script: "true" });
const failed = (kind: HostErrorKind) =>
  new HostError(kind, { summary: "mv failed on box", said: "no room", try: "make room" });
const swap = "put the imported files in the place of /work";
const remove = "remove what is left of the import into /work";

/**
 * Exchanges on a stand-in for a machine that fails what `fails` names and cannot remove what `left` names; each thing that was run is in
 * `ran`, in order.
 */
async function exchanged(
  fails: Readonly<Record<string, HostError>>,
  start = true,
  left: readonly string[] = [],
  plan = (down: Command): Command[] => [down],
) {
  const ran: string[] = [];
  const run = async (titles: readonly string[]) => {
    for (const title of titles) {
      ran.push(title);
      if (fails[title]) throw fails[title];
    }
  };
  const host = {
    look: async () => ({}),
    apply: (_what: string, commands: readonly { title: string }[]) => run(commands.map(({ title }) => title)),
    run: async ({ title }: { title: string }) => {
      // Before it is removed, so whether the files had been put in place by then.
      const unused = !ran.includes(swap) || fails[swap] !== undefined;
      await run([title]);
      return { stdout: (unused ? "unused\n" : "") + left.map((folder) => `left ${folder}\n`).join("") };
    },
  } as unknown as Host;
  const down: Step<unknown> = { name: "down", facts: {}, plan: () => plan(command("down")), remarks: () => ["remark"] };
  const ended = await exchangeWorkspace(host, {
    stack: "prod",
    path: "/work",
    unpacked: "/new",
    power: { down, up: { facts: {}, plan: () => [command("up")] } },
    start,
    say: (remark) => ran.push(remark),
  }).catch((thrown: unknown) => thrown);
  return ended instanceof Error ? { ran, said: ended.message } : { ran, left: ended };
}

describe("imported files in the place of a workspace", () => {
  const all = ["remark", "down", swap, "up", remove];

  test("are put there while the agent is down", async () => {
    expect(await exchanged({})).toEqual({ ran: all });
    expect(await exchanged({}, false)).toEqual({ ran: ["remark", "down", swap, remove] });
  });

  test("that cannot be put there leave the agent up, as it was", async () => {
    expect(await exchanged({ [swap]: failed("command") })).toEqual({
      ran: ["remark", "down", swap, remove, "up"],
      said: "mv failed on box; the agent was started again\n  said  no room\n  try   make room",
    });
  });

  test("that were put there are said to be there where the agent then failed to start", async () => {
    const failing = { up: failed("command") };
    expect((await exchanged(failing)).said).toBe(
      "mv failed on box; the imported files are in place, and those of before are gone; the agent was taken down and could not be started again\n  said  no room\n  try   scripts/start -s prod",
    );
  });

  test("are in place all the same where those of before could not be removed, and their folder is named", async () => {
    expect(await exchanged({}, true, ["/new.gone", "/old.gone", "/older.before"])).toEqual({
      ran: all,
      left: "files of before could not be removed and are left in /new.gone, /old.gone, which the next import removes\nan import that was stopped half-way left files in /older.before, which nothing removes",
    });
    expect((await exchanged({ [remove]: failed("timeout") })).said).toBe(
      "mv failed on box; the imported files are in place, and those of before may be left in /new.gone, which the next import removes\n  said  no room\n  try   make room",
    );
    expect((await exchanged({ up: failed("command") }, true, ["/new.gone"])).said).toContain(
      "; the imported files are in place; files of before could not be removed and are left in /new.gone, which the next import removes; the agent",
    );
  });

  test("and where it does not come up, that is said with what brings it up, whatever else fails", async () => {
    const lost = failed("unreachable");
    expect((await exchanged({ [swap]: failed("command"), up: lost, remove: lost })).said).toBe(
      "mv failed on box; the agent was taken down and could not be started again\n  said  no room\n  try   scripts/start -s prod",
    );
  });

  test("start no agent that nobody took down, or that is stopped on purpose", async () => {
    expect(await exchanged({ down: failed("locked") })).toEqual({
      ran: ["remark", "down", remove],
      said: "mv failed on box\n  said  no room\n  try   make room",
    });
    expect((await exchanged({ [swap]: failed("command") }, false)).ran).not.toContain("up");
    const refused = () => {
      throw failed("foreign");
    };
    expect((await exchanged({}, true, [], refused)).ran).toEqual([remove]);
  });
});
