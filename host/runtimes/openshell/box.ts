import { createHash } from "node:crypto";
import { canonical } from "../../../policies/canonical.ts";
import type { Command } from "../../command.ts";
import { HostError } from "../../errors.ts";
import { readLock } from "../../lock.ts";
import type { Owner } from "../../machine.ts";
import type { Step } from "../../step.ts";
import { bytesOf } from "../embedded/limits.ts";
import { paths as shared } from "../embedded/paths.ts";
import { programs } from "../embedded/programs.ts";
import type { SandboxSpec } from "../runtime.ts";
import { openshell, shown } from "./cli.ts";
import { everyContainer, workloadContainer } from "./container.ts";
import { pinnedDialect } from "./dialect.ts";
import { gatewayUnitName, inside, paths } from "./paths.ts";
import { waitForPhase } from "./phase.ts";
import { keyVariable } from "./provider-profile.ts";
import { type BoxFacts, boxFacts, type ContainerFacts, containerFacts } from "./sandbox-facts.ts";
import { sandboxImage } from "./sandbox-image.ts";
import { sentPolicy } from "./static-policy.ts";
import { writableFolders } from "./writable-folders.ts";

/** All that is fixed when a sandbox is made. */
export interface Box {
  readonly spec: SandboxSpec;
  /** Short name of it, which the sandbox carries as a label. */
  readonly recipe: string;
  /** Folders of the machine that the sandbox sees, under the same path, read-only. */
  readonly programs: readonly string[];
  /** The file of its policy. */
  readonly policy: { readonly path: string; readonly content: string };
  /** Its main process. */
  readonly command: readonly string[];
  /** What joins our attendant to that process. */
  readonly attach: readonly string[];
}

/** Works out a sandbox from its spec and from what the lock file pins. */
export async function boxOf(spec: SandboxSpec): Promise<Box> {
  const own = await programs();
  const node = `/opt/nemoclaw/node/${readLock().artifacts.node?.version}`;
  const agent = shared.agent(spec.agent.version);
  const folders = [node, agent, paths.programs(own.version)];
  const policy = { path: paths.policy(spec.sandbox), content: canonical(sentPolicy(spec.policy, folders)) };
  const run = (program: string, ...words: string[]) => [
    `${node}/bin/node`,
    `${paths.programs(own.version)}/${program}`,
    ...words,
  ];
  const heap = Math.max(512, Math.floor(bytesOf(spec.limits.memory) / 4 / 1024 ** 2));
  // What leads nothing itself has the agent told by a file, which changes while it runs.
  const wayToModel = pinnedDialect().managedInference
    ? ["--base-url", "https://inference.local/v1"]
    : ["--route", `${inside.led}/route.json`, "--key-variable", keyVariable];
  const command = run(
    "main-process.mjs",
    ...["--listen", inside.orders, "--state", inside.state, "--workspace", inside.workspace],
    ...["--entry", `${agent}/node_modules/openclaw/openclaw.mjs`, ...wayToModel],
    // OpenShell starts nothing again that has ended, so the main process does it for the agent.
    ...["--heap", String(heap), "--restart-seconds", "5"],
  );
  const recipe = createHash("sha256")
    .update(JSON.stringify([policy.content, command, spec.gpus ?? 0]))
    .digest("hex")
    .slice(0, 12);
  return { spec, recipe, programs: folders, policy, command, attach: run("attach.mjs", inside.orders) };
}

/** Labels of a sandbox that is ours; their values take no other characters than these. */
const ownerLabel = ({ project, stack, installation }: Owner) =>
  createHash("sha256")
    .update(JSON.stringify([project, stack, installation]))
    .digest("hex")
    .slice(0, 32);

export interface BoxStepFacts {
  readonly box: BoxFacts;
  readonly container: ContainerFacts | undefined;
}

/**
 * The sandbox itself. One that ended, or that was made from something else, is made anew: OpenShell starts nothing again that
 * is in Error. Limits change in place.
 *
 * @throws HostError of kind `foreign` from its plan when a sandbox of this name is somebody else's
 */
export function ensureBox(box: Box): Step<BoxStepFacts> {
  const { spec, recipe } = box;
  return {
    name: `OpenShell's sandbox ${spec.sandbox}`,
    facts: { box: boxFacts(spec.sandbox), container: containerFacts(spec.sandbox) },
    plan({ box: now, container }) {
      mustAnswer(now, spec.sandbox);
      if (now.kind === "there") mustBeOurs(now, spec);
      const usable = now.kind === "there" && now.labels["nemoclaw.recipe"] === recipe && isAlive(now.phase);
      if (!usable) return [...(now.kind === "there" ? [deletion(spec.sandbox)] : []), creation(box)];
      const commands: Command[] = [];
      if (spec.running && now.phase === "Stopped") commands.push(start(spec.sandbox));
      if (!spec.running && now.phase !== "Stopped") commands.push(stop(spec.sandbox));
      if (container && !withinLimits(spec, container)) commands.push(limit(spec));
      return commands;
    },
  };
}

/** No sandbox of ours of this name. One of somebody else's stays, and so does nothing else. */
export function ensureNoBox({ sandbox, owner }: Pick<SandboxSpec, "sandbox" | "owner">): Step<BoxStepFacts> {
  return {
    name: `no OpenShell sandbox ${sandbox}`,
    facts: { box: boxFacts(sandbox), container: containerFacts(sandbox) },
    plan({ box, container }) {
      if (box.kind === "there") return isOurs(box, owner) ? [deletion(sandbox)] : [];
      if (box.kind === "absent" || container === undefined) return [];
      return [removeContainer(sandbox)];
    },
  };
}

const isAlive = (phase: string) => ["Ready", "Provisioning", "Starting", "Stopped", "Stopping"].includes(phase);
const isOurs = ({ labels }: Extract<BoxFacts, { kind: "there" }>, owner: Owner) =>
  labels["nemoclaw.owner"] === ownerLabel(owner);

function mustAnswer(now: BoxFacts, sandbox: string): asserts now is Exclude<BoxFacts, { kind: "unreachable" }> {
  if (now.kind !== "unreachable") return;
  throw new HostError("not-converged", {
    summary: `OpenShell's gateway does not answer, so nothing is known of the sandbox ${sandbox}`,
    ran: shown("sandbox", "get", sandbox),
    said: now.said,
    try: `up --refresh starts the gateway again; on the machine: journalctl -u ${gatewayUnitName} -e`,
  });
}

function mustBeOurs(now: Extract<BoxFacts, { kind: "there" }>, { sandbox, owner }: SandboxSpec): void {
  if (isOurs(now, owner)) return;
  const whose = now.labels["nemoclaw.stack"]
    ? `of stack ${now.labels["nemoclaw.stack"]}`
    : "that this package did not make";
  throw new HostError("foreign", {
    summary: `this machine's OpenShell has a sandbox ${sandbox} ${whose}; it was not touched`,
    ran: shown("sandbox", "get", sandbox),
    try: `if nobody needs it: openshell sandbox delete ${sandbox}; then run \`up\` again`,
  });
}

function withinLimits({ limits }: SandboxSpec, { memoryBytes, cpus, pids }: ContainerFacts): boolean {
  return memoryBytes === bytesOf(limits.memory) && Math.abs(cpus - limits.cpus) < 0.005 && pids === limits.pids;
}

function limitLine({ sandbox, limits }: SandboxSpec): string {
  const bytes = bytesOf(limits.memory);
  return `docker update --memory ${bytes} --memory-swap ${bytes} --cpus ${limits.cpus} --pids-limit ${limits.pids} \\
  "$(${workloadContainer(sandbox)})" >/dev/null`;
}

const limit = (spec: SandboxSpec): Command => ({
  title: `limit the sandbox ${spec.sandbox}`,
  script: limitLine(spec),
  timeoutSeconds: 60,
});

function creation({ spec, recipe, programs: folders, policy, command }: Box): Command {
  const { sandbox, owner, limits, agent, gpus = 0 } = spec;
  const folder = (source: string, target: string, read_only: boolean) => ({ type: "bind", source, target, read_only });
  const mounts = [
    ...folders.map((path) => folder(path, path, true)),
    ...writableFolders(spec.policy).map((path) => folder(path, path, false)),
    folder(shared.data(sandbox, "workspace"), inside.workspace, false),
    folder(shared.data(sandbox, "agent"), inside.state, false),
    ...(pinnedDialect().managedInference ? [] : [folder(paths.led(sandbox), inside.led, true)]),
  ];
  const labels = { owner: ownerLabel(owner), stack: label(owner.stack), agent: agent.version, recipe };
  const words = [
    ...["sandbox", "create", "--name", sandbox, "--from", sandboxImage, "--policy", policy.path],
    ...Object.entries(labels).flatMap(([name, value]) => ["--label", `nemoclaw.${name}=${value}`]),
    ...["--cpu", String(limits.cpus), "--memory", `${bytesOf(limits.memory) / 1024}Ki`],
    ...(gpus > 0 ? ["--gpu", String(gpus)] : []),
    ...["--driver-config-json", JSON.stringify({ docker: { mounts } })],
    ...["--detach", "--no-tty", "--no-auto-providers", "--", ...command],
  ];
  const title = `make the sandbox ${sandbox}`;
  return {
    title,
    script: `${openshell(...words)}
${waitForPhase(sandbox, "Ready")}
${limitLine(spec)}`,
    shown: shown("sandbox", "create", "--name", sandbox, "--from", sandboxImage, "--policy", policy.path),
    timeoutSeconds: 180,
    try: `on the machine: openshell logs ${sandbox}; journalctl -u ${gatewayUnitName} -e`,
  };
}

// The gateway words it so; anything else in a label is refused.
const label = (text: string) => text.replaceAll(/[^A-Za-z0-9._-]/g, "-").slice(0, 63);

const start = (sandbox: string): Command => ({
  title: `start the sandbox ${sandbox}`,
  script: `${openshell("sandbox", "start", sandbox)}\n${waitForPhase(sandbox, "Ready")}`,
  shown: shown("sandbox", "start", sandbox),
  timeoutSeconds: 180,
});

const stop = (sandbox: string): Command => ({
  title: `stop the sandbox ${sandbox}`,
  script: `${openshell("sandbox", "stop", sandbox)}\n${waitForPhase(sandbox, "Stopped")}`,
  shown: shown("sandbox", "stop", sandbox),
  timeoutSeconds: 180,
});

// It may be accepted before it is done, and until then the name is taken.
const deletion = (sandbox: string): Command => ({
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

const removeContainer = (sandbox: string): Command => ({
  title: `remove the container of the sandbox ${sandbox}, whose gateway is gone`,
  script: `${everyContainer(sandbox)} | xargs -r docker rm --force >/dev/null`,
  timeoutSeconds: 120,
});
