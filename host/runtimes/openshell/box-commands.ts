import { type Command, quote } from "../../command.ts";
import { bytesOf } from "../embedded/limits.ts";
import { paths as shared, unitName } from "../embedded/paths.ts";
import type { SandboxSpec } from "../runtime.ts";
import type { Box } from "./box.ts";
import { ownerLabels, recipeLabel } from "./box-owner.ts";
import { openshell, shown } from "./cli.ts";
import { everyContainer, workloadContainer } from "./container.ts";
import { pinnedDialect } from "./dialect.ts";
import { gatewayUnitName, inside, paths } from "./paths.ts";
import { startAndWait, waitForPhase } from "./phase.ts";
import { providerName } from "./provider-note.ts";
import { writableFolders } from "./writable-folders.ts";

function limitLine({ sandbox, limits }: SandboxSpec): string {
  const bytes = bytesOf(limits.memory);
  return `docker update --memory ${bytes} --memory-swap ${bytes} --cpus ${limits.cpus} --pids-limit ${limits.pids} \\
  "$(${workloadContainer(sandbox)})" >/dev/null`;
}

export const limit = (spec: SandboxSpec): Command => ({
  title: `limit the sandbox ${spec.sandbox}`,
  script: limitLine(spec),
  timeoutSeconds: 60,
});

const withNetwork = `
const [from, live, to] = process.argv.slice(1);
const fs = require("node:fs");
const read = (path) => JSON.parse(fs.readFileSync(path, "utf8"));
const policy = read(from);
if (fs.existsSync(live)) policy.network_policies = read(live).network_policies ?? {};
fs.writeFileSync(to, JSON.stringify(policy, null, 2), { mode: 0o644 });`;

/** Makes a sandbox and waits until OpenShell has it ready. */
export function creation({ spec, recipe, image, programs: folders, policy, command }: Box): Command {
  const { sandbox, owner, limits, agent, gpus = 0 } = spec;
  const folder = (source: string, target: string, read_only: boolean) => ({ type: "bind", source, target, read_only });
  const mounts = [
    ...folders.map((path) => folder(path, path, true)),
    ...writableFolders(spec.policy).map((path) => folder(path, path, false)),
    folder(shared.data(sandbox, "workspace"), inside.workspace, false),
    folder(shared.data(sandbox, "agent"), inside.state, false),
    ...(pinnedDialect().managedInference ? [] : [folder(paths.led(sandbox), inside.led, true)]),
  ];
  const words = [
    ...["sandbox", "create", "--name", sandbox, "--from", image, "--policy", paths.madeWith(sandbox)],
    ...Object.entries({ ...ownerLabels(owner), "nemoclaw.agent": agent.version, [recipeLabel]: recipe }).flatMap(
      ([name, value]) => ["--label", `${name}=${value}`],
    ),
    ...["--cpu", String(limits.cpus), "--memory", `${bytesOf(limits.memory) / 1024}Ki`],
    ...(gpus > 0 ? ["--gpu", String(gpus)] : []),
    ...["--driver-config-json", JSON.stringify({ docker: { mounts } })],
    ...["--detach", "--no-tty", "--no-auto-providers"],
  ];
  const title = `make the sandbox ${sandbox}`;
  return {
    title,
    // What it may reach, and whom it may ask, is other resources', which do not notice that a sandbox was made anew.
    script: `${shared.node} -e ${quote(withNetwork)} ${[policy.path, paths.livePolicy(sandbox), paths.madeWith(sandbox)].map(quote).join(" ")}
provider=
${pinnedDialect().managedInference ? ":" : `! ${openshell("provider", "get", providerName(sandbox))} >/dev/null 2>&1 || provider=${quote(`--provider=${providerName(sandbox)}`)}`}
${openshell(...words)} $provider -- ${command.map(quote).join(" ")}
${waitForPhase(sandbox, "Ready")}
${limitLine(spec)}`,
    shown: shown("sandbox", "create", "--name", sandbox, "--from", image, "--policy", policy.path),
    timeoutSeconds: 180,
    try: `on the machine: openshell logs ${sandbox}; journalctl -u ${gatewayUnitName} -e`,
  };
}

/**
 * What joined the attendant to the main process before may look alive for a while; it says nothing about the new one. A unit
 * that joins it by a program of another version would find none in the new sandbox; it is written and restarted afterwards.
 */
export const rejoin = ({ spec: { sandbox }, attach }: Box): Command => ({
  title: `join the attendant to the agent of ${sandbox}`,
  script: `unit=${quote(unitName("sandbox", sandbox))}
systemctl -q is-active -- "$unit" || exit 0
${attach.map((word) => `systemctl cat -- "$unit" | grep -qF -- ${quote(word)} || exit 0`).join("\n")}
systemctl restart -- "$unit" || { journalctl --no-pager --namespace='*' -o cat -n 20 -u "$unit"; exit 1; }`,
  shown: `systemctl restart ${unitName("sandbox", sandbox)}`,
  timeoutSeconds: 400,
  try: "see what the agent says: scripts/logs agent",
});

export const start = (sandbox: string): Command => ({
  title: `start the sandbox ${sandbox}`,
  script: startAndWait(sandbox),
  shown: shown("sandbox", "start", sandbox),
  timeoutSeconds: 180,
});

/** Of one that is to be started again at once; what is to stay down is taken down by `takeDown`. */
export const stop = (sandbox: string): Command => ({
  title: `stop the sandbox ${sandbox}`,
  script: `${openshell("sandbox", "stop", sandbox)}\n${waitForPhase(sandbox, "Stopped")}`,
  shown: shown("sandbox", "stop", sandbox),
  timeoutSeconds: 180,
});

// It may be accepted before it is done, and until then the name is taken.
export const deletion = (sandbox: string): Command => ({
  title: `delete the sandbox ${sandbox}`,
  script: `${openshell("sandbox", "delete", sandbox)}
n=0
while said=$(${openshell("sandbox", "get", sandbox, "-o", "json")} 2>&1) || ! echo "$said" | grep -q 'sandbox not found'; do
  n=$((n + 1)); test "$n" -lt 240 || { echo "$said"; exit 1; }
  sleep 0.5
done`,
  shown: shown("sandbox", "delete", sandbox),
  timeoutSeconds: 180,
});

export const removeContainer = (sandbox: string): Command => ({
  title: `remove the container of the sandbox ${sandbox}, whose gateway does not answer`,
  script: `${everyContainer(sandbox)} | xargs -r docker rm --force >/dev/null`,
  timeoutSeconds: 120,
});
