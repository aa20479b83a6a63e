import { describe, expect, test } from "vitest";
import { HostError, type HostErrorKind } from "../../host/errors.ts";
import type { Host } from "../../host/host.ts";
import { exchangeWorkspace } from "../../scripts/exchange-workspace.ts";

const command = (title: string) => ({ title, script: "true" });
const failed = (kind: HostErrorKind) =>
  new HostError(kind, { summary: "mv failed on box", said: "no room", try: "make room" });
const swap = "put the imported files in the place of /work";

/** Exchanges on a stand-in for a machine that fails what `fails` names; each thing that was run is in `ran`, in order. */
async function exchanged(fails: Readonly<Record<string, HostError>>, start = true) {
  const ran: string[] = [];
  const run = async (titles: readonly string[]) => {
    for (const title of titles) {
      ran.push(title);
      if (fails[title]) throw fails[title];
    }
  };
  const host = {
    apply: (_what: string, commands: readonly { title: string }[]) => run(commands.map(({ title }) => title)),
    run: async ({ title }: { title: string }) => {
      // Before it is removed, so whether the files had been put in place by then.
      const unused = !ran.includes(swap) || fails[swap] !== undefined;
      await run([title]);
      return { stdout: unused ? "unused\n" : "" };
    },
  } as unknown as Host;
  const power = { down: [command("down")], up: [command("up")] };
  const error = await exchangeWorkspace(host, {
    stack: "prod",
    path: "/work",
    unpacked: "/new",
    ...power,
    start,
  }).catch((thrown: unknown) => thrown);
  return { ran, said: error instanceof Error ? error.message : undefined };
}

describe("imported files in the place of a workspace", () => {
  const all = ["down", swap, "up", "remove /new"];

  test("are put there while the agent is down", async () => {
    expect(await exchanged({})).toEqual({ ran: all, said: undefined });
    expect(await exchanged({}, false)).toEqual({ ran: ["down", swap, "remove /new"], said: undefined });
  });

  test("that cannot be put there leave the agent up, as it was", async () => {
    expect(await exchanged({ [swap]: failed("command") })).toEqual({
      ran: ["down", swap, "remove /new", "up"],
      said: "mv failed on box; the agent was started again\n  said  no room\n  try   make room",
    });
  });

  test("that were put there are said to be there where the agent then failed to start", async () => {
    const failing = { up: failed("command") };
    expect((await exchanged(failing)).said).toBe(
      "mv failed on box; the imported files are in place, and those of before are gone; the agent was taken down and could not be started again\n  said  no room\n  try   scripts/start -s prod",
    );
  });

  test("and where it does not come up, that is said with what brings it up, whatever else fails", async () => {
    const lost = failed("unreachable");
    expect((await exchanged({ [swap]: failed("command"), up: lost, "remove /new": lost })).said).toBe(
      "mv failed on box; the agent was taken down and could not be started again\n  said  no room\n  try   scripts/start -s prod",
    );
  });

  test("start no agent that nobody took down, or that is stopped on purpose", async () => {
    expect(await exchanged({ down: failed("locked") })).toEqual({
      ran: ["down", "remove /new"],
      said: "mv failed on box\n  said  no room\n  try   make room",
    });
    expect((await exchanged({ [swap]: failed("command") }, false)).ran).not.toContain("up");
  });
});
