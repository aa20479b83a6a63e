import { within } from "../../../policies/within.ts";
import { argv, type Command, quote } from "../../command.ts";
import type { Host } from "../../host.ts";
import type { Finding, StaticPolicy } from "../runtime.ts";
import { paths, unitName, users } from "./paths.ts";

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
 * Tries the policy from inside and says what did not hold: each listed folder has to take a write, and one that is read-only or in
 * neither list must not. A file counts as written only when it is there outside: inside, a folder that is not in the policy
 * may take writes that go nowhere.
 */
export async function probe(host: Host, sandbox: string, policy: StaticPolicy): Promise<true | Finding[]> {
  const { writable, readOnly, unlisted } = foldersOf(policy);
  const shut = [...readOnly, ...unlisted];
  const mark = `.nemoclaw-probe-${Date.now()}`;
  const { stdout, stderr, exitCode } = await host.run(
    inside(sandbox, ["/bin/sh", "-c", attempts, "probe", mark, ...writable, ...shut]),
  );
  const said = new Set(stdout.split("\n"));
  const gaps: Finding[] = [];
  const gap = (path: string, message: string) => gaps.push({ accept: "enforcement", path, message });
  if (exitCode !== 0) gap("sandbox", `nothing could be run inside: ${(stderr || stdout).trim().slice(0, 200)}`);
  else if (!said.has("tried")) gap("sandbox", "the probe did not come to its end");
  if (said.has("network open")) gap("network_policies", "a host that no rule names was reached");
  if (said.has("direct open")) gap("network_policies", "a connection past the gate was made");

  const wrote = [...writable, ...shut].filter((path) => said.has(`wrote ${path}`));
  const outside = new Set(wrote.length > 0 ? await findOutside(host, sandbox, mark, wrote) : []);
  for (const path of exitCode === 0 ? writable : []) {
    const at = `filesystem_policy.read_write ${path}`;
    if (said.has(`opened ${path}`) || outside.has(path)) continue;
    if (wrote.includes(path)) gap(at, "a file written inside is not there outside");
    else gap(at, `took no write; the agent runs as ${users.sandbox}`);
  }
  for (const path of shut) {
    if (!said.has(`opened ${path}`) && !outside.has(path)) continue;
    gap(`filesystem_policy${readOnly.includes(path) ? ".read_only" : ", unlisted"} ${path}`, "took a write");
  }
  const lost = wrote.filter((path) => !outside.has(path)).map((path) => `${path}/${mark}`);
  if (lost.length > 0) await host.run(inside(sandbox, ["/bin/rm", "-f", "--", ...lost]));
  return gaps.length === 0 ? true : gaps;
}

/** The folders to be tried. What is below /dev, /proc and /sys the sandbox has of its own, whatever is listed. */
function foldersOf({ filesystem_policy = {} }: StaticPolicy) {
  const { read_only = [], read_write = [], include_workdir } = filesystem_policy;
  const ofKernel = (path: string) => /^\/(dev|proc|sys)(\/|$)/.test(path);
  const listed = [...read_write, ...(include_workdir ? [workspace] : [])];
  const writable = [...new Set(listed)].filter((path) => !ofKernel(path));
  const readOnly = read_only.filter((path) => !ofKernel(path) && !writable.includes(path));
  const unlisted = usual.filter((path) => ![...writable, ...readOnly].some((parent) => within(path, parent)));
  return { writable, readOnly, unlisted };
}

const workspace = "/sandbox";
// Where everybody may write on a machine, and where people put things of their own.
const usual = ["/var/tmp", "/run/lock", "/srv", "/opt", "/home"];

/** Which of these folders have the file that was written inside; it is removed there. */
async function findOutside(host: Host, sandbox: string, mark: string, folders: readonly string[]): Promise<string[]> {
  const looks = folders.map((path) => {
    const ofWorkspace = within(path, workspace);
    const place = ofWorkspace ? paths.data(sandbox, "workspace") + path.slice(workspace.length) : path;
    return `look ${quote(path)} ${ofWorkspace ? "" : '"$unit"'}${quote(`${place}/${mark}`)}`;
  });
  const { stdout } = await host.run({
    title: "look for the probe's files outside",
    // The unit has a /tmp and a /var/tmp of its own, which its first process sees.
    script: `pid=$(systemctl show --value --property=MainPID -- ${quote(unitName("sandbox", sandbox))})
unit=/proc/$pid/root
look() { if test -f "$2"; then printf '%s\\n' "$1"; rm -f -- "$2" || :; fi; }
${looks.join("\n")}`,
  });
  return stdout.split("\n").filter(Boolean);
}

/** $1 is the file name to try, the rest are the paths. A file is only opened. An unlisted host and an address past the gate are tried too. */
const attempts = `mark=$1; shift
try() {
  if test -d "$1"; then ( echo probe >"$1/$mark" ) 2>/dev/null && echo "wrote $1"
  elif test -f "$1"; then ( : >>"$1" ) 2>/dev/null && echo "opened $1"
  fi
}
for path in "$@"; do try "$path" || :; done
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
