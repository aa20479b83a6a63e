import { canonical } from "../../../policies/canonical.ts";
import type { Command } from "../../command.ts";
import { readLock } from "../../lock.ts";
import type { Step } from "../../step.ts";
import { sha256 } from "../../steps/file-facts.ts";
import { bytesOf } from "../embedded/limits.ts";
import { paths as shared } from "../embedded/paths.ts";
import { programs } from "../embedded/programs.ts";
import type { SandboxSpec } from "../runtime.ts";
import { creation, deletion, limit, rejoin, removeContainer, start } from "./box-commands.ts";
import { isOurs, mustBeOurs, recipeLabel, removalRemarks, type Whose } from "./box-owner.ts";
import { chosenImage } from "./chosen-image.ts";
import { shown } from "./cli.ts";
import { type Dialect, pinnedDialect, pinnedVersion } from "./dialect.ts";
import { gatewayGone } from "./gateway-gone.ts";
import { inferenceLocal, inside, paths } from "./paths.ts";
import { isAlive } from "./phase.ts";
import { takeDown } from "./power-down.ts";
import { keyVariable } from "./provider-profile.ts";
import { type BoxFacts, boxFacts, type ContainerFacts, containerFacts } from "./sandbox-facts.ts";
import type { SandboxImage } from "./sandbox-image.ts";
import { sentPolicy } from "./static-policy.ts";

/** All that is fixed when a sandbox is made. */
export interface Box {
  readonly spec: SandboxSpec;
  /** Short name of it, which the sandbox carries as a label. */
  readonly recipe: string;
  /** Its image, as Docker on the machine knows it. */
  readonly image: string;
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
  const dialect = pinnedDialect();
  const image = chosenImage(spec);
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
  const wayToModel = dialect.managedInference
    ? ["--base-url", inferenceLocal.baseUrl]
    : ["--route", `${inside.led}/route.json`, "--key-variable", keyVariable];
  const command = run(
    "main-process.mjs",
    ...["--listen", inside.orders, "--state", inside.state, "--workspace", inside.workspace],
    ...["--entry", `${agent}/node_modules/openclaw/openclaw.mjs`, ...wayToModel],
    // OpenShell starts nothing again that has ended, so the main process does it for the agent.
    ...["--heap", String(heap), "--restart-seconds", "5"],
  );
  const recipe = sha256(
    JSON.stringify([policy.content, command, spec.gpus ?? 0, ...supervisorOf(dialect), ...imageOf(spec, image)]),
  ).slice(0, 12);
  return {
    spec,
    recipe,
    image: image.name,
    programs: folders,
    policy,
    command,
    attach: run("attach.mjs", inside.orders),
  };
}

/** The release of the supervisor that a sandbox is made with, where a gateway of another one does not renew it. */
function supervisorOf({ renewsSupervisors }: Dialect): string[] {
  return renewsSupervisors ? [] : [pinnedVersion()];
}

/**
 * What its image is made from, as far as a stack decides it. The distribution's packages are the machine's own matter, and make
 * no sandbox anew.
 */
function imageOf({ mirrors, image }: SandboxSpec, { recipe = "" }: SandboxImage): string[] {
  return image === undefined && mirrors?.ca === undefined ? [] : [recipe];
}

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
    // The new one has another version's programs, and the old one's process ends before it is there.
    replaces: ({ box: now }) => now.kind === "there" && isAlive(now.phase) && now.labels[recipeLabel] !== recipe,
    plan({ box: now, container }) {
      mustAnswer(now, spec.sandbox);
      mustBeOurs(now, spec);
      const usable = now.kind === "there" && now.labels[recipeLabel] === recipe && isAlive(now.phase);
      if (!usable) {
        const old = now.kind === "there" ? [deletion(spec.sandbox)] : [];
        return [...old, creation(box), spec.running ? rejoin(box) : takeDown(spec)];
      }
      const commands: Command[] = [];
      if (spec.running && now.phase === "Stopped") commands.push(start(spec.sandbox), rejoin(box));
      if (!spec.running && now.phase !== "Stopped") commands.push(takeDown(spec));
      if (container && !withinLimits(spec, container)) commands.push(limit(spec));
      return commands;
    },
  };
}

/** No sandbox of ours of this name. One of somebody else's stays. */
export function ensureNoBox({ sandbox, owner }: Whose): Step<BoxStepFacts> {
  return {
    name: `no OpenShell sandbox ${sandbox}`,
    facts: { box: boxFacts(sandbox), container: containerFacts(sandbox) },
    plan({ box, container }) {
      if (box.kind === "there") return isOurs(box, owner) ? [deletion(sandbox)] : [];
      if (box.kind === "absent" || container === undefined) return [];
      return [removeContainer(sandbox)];
    },
    remarks({ box, container }) {
      const instead = container
        ? `the container of the sandbox ${sandbox} is removed without it`
        : `Docker shows no container of the sandbox ${sandbox}`;
      return removalRemarks(box, { sandbox, owner }, instead);
    },
  };
}

function mustAnswer(now: BoxFacts, sandbox: string): asserts now is Exclude<BoxFacts, { kind: "unreachable" }> {
  if (now.kind !== "unreachable") return;
  throw gatewayGone(`nothing is known of the sandbox ${sandbox}`, {
    ran: shown("sandbox", "get", sandbox),
    said: now.said,
  });
}

function withinLimits({ limits }: SandboxSpec, { memoryBytes, cpus, pids }: ContainerFacts): boolean {
  return memoryBytes === bytesOf(limits.memory) && Math.abs(cpus - limits.cpus) < 0.005 && pids === limits.pids;
}
