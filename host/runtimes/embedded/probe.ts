import { argv, type Command } from "../../command.ts";
import type { Host } from "../../host.ts";
import type { Finding, StaticPolicy } from "../runtime.ts";
import { paths } from "./paths.ts";

/** Runs a command inside a sandbox, as the agent's user, under its policy. */
export function inside(sandbox: string, words: readonly string[]): Command {
  const client = "/opt/nemoclaw/supervisor/current/inside.mjs";
  return argv(`run ${words[0]} inside the sandbox ${sandbox}`, [
    paths.node,
    client,
    ...["--sandbox", sandbox, "--", ...words],
  ]);
}

/**
 * Tries the policy from inside and says what did not hold. A file counts as written only when it is there outside: inside, a
 * folder that is not in the policy takes writes that go nowhere.
 */
export async function probe(host: Host, sandbox: string, policy: StaticPolicy): Promise<true | Finding[]> {
  const readOnly = policy.filesystem_policy?.read_only ?? [];
  const writable = policy.filesystem_policy?.read_write ?? [];
  const mark = `.nemoclaw-probe-${Date.now()}`;
  const { stdout, stderr, exitCode } = await host.run(
    inside(sandbox, ["/bin/sh", "-c", attempts, "probe", mark, ...readOnly]),
  );
  const gaps: Finding[] = [];
  const gap = (path: string, message: string) => gaps.push({ accept: "enforcement", path, message });
  if (exitCode !== 0) gap("sandbox", `nothing could be run inside: ${(stderr || stdout).trim().slice(0, 200)}`);
  const said = new Set(stdout.split("\n"));
  if (exitCode === 0 && !said.has("tried")) gap("sandbox", "the probe did not come to its end");
  if (said.has("network open")) gap("network_policies", "a host that no rule names was reached");
  if (said.has("direct open")) gap("network_policies", "a connection past the gate was made");
  for (const path of readOnly) {
    if (said.has(`wrote ${path}`)) gap(`filesystem_policy.read_only ${path}`, "took a write");
  }
  if (writable.includes("/sandbox")) {
    const file = `${paths.data(sandbox, "workspace")}/${mark}`;
    const outside = await host.run(argv("look for the probe's file outside", ["rm", "--", file]));
    if (outside.exitCode !== 0)
      gap("filesystem_policy.read_write /sandbox", "a file written inside is not there outside");
  }
  return gaps.length === 0 ? true : gaps;
}

/** $1 is the file name to try, the rest are read-only paths. An unlisted host and an address past the gate are tried too. */
const attempts = `mark=$1; shift
echo probe 2>/dev/null >"/sandbox/$mark" || :
for path in "$@"; do
  test -d "$path" || continue
  case "$path" in /proc*|/dev*|/sys*) continue ;; esac
  ( echo probe >"$path/$mark" ) 2>/dev/null && echo "wrote $path" && rm -f "$path/$mark"
done
cat >"\${TMPDIR:-/tmp}/$mark.mjs" <<'PROGRAM'
import { connect } from "node:net";
const through = async () => {
  const answer = await fetch("http://unlisted.nemoclaw.invalid/", { signal: AbortSignal.timeout(8000) });
  if (answer.status !== 403) console.log("network open");
};
const past = () => new Promise((done) => {
  const socket = connect({ host: "127.0.0.1", port: 22, timeout: 3000 });
  socket.on("connect", () => { console.log("direct open"); socket.destroy(); done(); });
  for (const end of ["error", "timeout"]) socket.on(end, () => { socket.destroy(); done(); });
});
await Promise.all([through().catch(() => {}), past()]);
PROGRAM
node "\${TMPDIR:-/tmp}/$mark.mjs"
rm -f "\${TMPDIR:-/tmp}/$mark.mjs"
echo tried`;
