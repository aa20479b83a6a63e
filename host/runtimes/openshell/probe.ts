import { within } from "../../../policies/within.ts";
import { argv, type Command } from "../../command.ts";
import type { Host } from "../../host.ts";
import { paths as shared } from "../embedded/paths.ts";
import type { Finding, StaticPolicy } from "../runtime.ts";
import { shown } from "./cli.ts";
import { execWords } from "./exec.ts";
import { inside as places } from "./paths.ts";
import { attempts, listeningPlace } from "./probe-attempts.ts";

/** Runs a command inside a sandbox, as the agent's user, under its policy. */
export function inside(sandbox: string, words: readonly string[]): Command {
  return argv(`run ${words[0]} inside the sandbox ${sandbox}`, execWords(sandbox, words), {
    shown: shown("sandbox", "exec", "--no-tty", "-n", sandbox, "--", words[0] ?? ""),
  });
}

/**
 * Tries the policy from inside and says what did not hold. OpenShell accepts and reports a path that is added to a running
 * sandbox, and does not enforce it: so its word is not taken, and each listed path that is there has to take a write. That the
 * network is closed is believed when the proxy itself refuses, and when a connection past it fails to what does listen.
 */
export async function probe(host: Host, sandbox: string, policy: StaticPolicy): Promise<true | Finding[]> {
  const { read_only = [], read_write = [], include_workdir } = policy.filesystem_policy ?? {};
  const writable = [...read_write, ...(include_workdir ? [places.workspace] : [])];
  const mark = `.nemoclaw-probe-${Date.now()}`;
  const unlisted = ["/var/tmp", "/dev/shm"].filter((path) => !writable.some((listed) => within(path, listed)));
  const shut = [...new Set([...read_only, ...unlisted])];
  const direct = (await host.run(listeningPlace(sandbox))).stdout.trim();
  const words = [mark, direct, ...writable, "--", ...shut];
  const { stdout, stderr, exitCode } = await host.run(inside(sandbox, ["/bin/sh", "-c", attempts, "probe", ...words]));
  const said = new Set(stdout.split("\n"));
  const gaps: Finding[] = [];
  const gap = (path: string, message: string) => gaps.push({ accept: "enforcement", path, message });
  if (exitCode !== 0) gap("sandbox", `nothing could be run inside: ${(stderr || stdout).trim().slice(0, 300)}`);
  else if (!said.has("tried")) gap("sandbox", "the probe did not come to its end");
  const answer = /^network (.*)$/m.exec(stdout)?.[1];
  if (answer !== undefined)
    gap(
      "network_policies",
      `a host that no rule names was not refused by OpenShell's proxy, which says 403: ${answer}`,
    );
  if (said.has("direct open")) gap("network_policies", `a connection past the proxy was made, to ${direct}`);
  if (said.has("direct untried") || direct === "")
    gap(
      "network_policies",
      "no connection past the proxy was tried, as nothing was found that listens or that connects",
    );
  for (const path of shut) {
    if (!said.has(`wrote ${path}`)) continue;
    const list = read_only.includes(path) ? "filesystem_policy.read_only " : "filesystem_policy, unlisted ";
    gap(`${list}${path}`, "took a write");
  }
  for (const path of writable) {
    if (said.has(`refused ${path}`)) gap(`filesystem_policy.read_write ${path}`, "took no write");
  }
  if (writable.includes(places.workspace) && exitCode === 0) {
    const file = `${shared.data(sandbox, "workspace")}/${mark}`;
    const outside = await host.run(argv("look for the probe's file outside", ["rm", "--", file]));
    if (outside.exitCode !== 0)
      gap(`filesystem_policy.read_write ${places.workspace}`, "a file written inside is not there outside");
  }
  return gaps.length === 0 ? true : gaps;
}
