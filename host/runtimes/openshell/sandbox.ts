import { attendantUnit, journalNamespace, journalSettings } from "../../../services/sandbox-supervisor/units.ts";
import { all, type Step } from "../../step.ts";
import { ensureDirectory } from "../../steps/directory.ts";
import { ensureAbsent, ensureNoUnit } from "../../steps/file-removal.ts";
import { ensureFile } from "../../steps/managed-file.ts";
import { ensureFolderExists } from "../../steps/missing-folder.ts";
import { nothingToRemove } from "../../steps/nothing-to-remove.ts";
import { observation } from "../../steps/observation.ts";
import { ensureSymlink } from "../../steps/symlink.ts";
import { ensureUnit } from "../../steps/systemd-unit.ts";
import { definitionOf, summaryOf } from "../../steps/unit-summary.ts";
import { installAgent } from "../embedded/install-agent.ts";
import { limitsFacts, observedLimits } from "../embedded/limits.ts";
import { ports, paths as shared, unitName, users } from "../embedded/paths.ts";
import { programs } from "../embedded/programs.ts";
import { part, type SandboxSpec } from "../runtime.ts";
import { ensureAnswering } from "./answering.ts";
import { attachCommand } from "./attach-command.ts";
import { type Box, boxOf, ensureBox, ensureNoBox } from "./box.ts";
import { ensureMaker } from "./box-maker.ts";
import { isForeign, recipeLabel } from "./box-owner.ts";
import { environment } from "./cli.ts";
import { pinnedDialect, pinnedVersion } from "./dialect.ts";
import { ensureImages } from "./images.ts";
import { installedDialect, requireLine } from "./installed-release.ts";
import { paths } from "./paths.ts";
import { isAlive } from "./phase.ts";
import { observedPolicy } from "./static-policy.ts";
import { writableFolders } from "./writable-folders.ts";

/** The agent as the main process of an OpenShell sandbox, and beside it the attendant that takes its turns. */
export const sandbox = part({
  async fill(spec: SandboxSpec) {
    const box = await boxOf(spec);
    return { ...spec, definition: `${definitionOf(await unitText(box))} ${box.recipe}` };
  },
  async step(spec: SandboxSpec) {
    const { sandbox: name, agent, limits, running, mirrors } = spec;
    const box = await boxOf(spec);
    const { version } = await programs();
    const journal = { path: journalPath(name), content: journalSettings(limits.logs) };
    const led: Step<unknown> = pinnedDialect().managedInference
      ? nothingToRemove("no file that leads the agent")
      : ensureDirectory({ path: paths.led(name) });
    const own = { owner: users.sandbox, group: users.sandbox, mode: 0o700 };
    return all(`sandbox ${name}`, {
      line: requireLine(pinnedVersion()),
      agent: installAgent({ version: agent.version, mirrors }),
      programs: ensureSymlink({ path: shared.programs, target: version }),
      journal: ensureFile(journal),
      data: ensureDirectory({ path: `/var/lib/nemoclaw/${name}` }),
      state: ensureDirectory({ path: shared.data(name, "agent"), ...own }),
      folders: all("folders that the policy lets it write", folders(spec)),
      led,
      policy: ensureFile(box.policy),
      // The runtime made them, and somebody may have cleared them away: the old sandbox goes only when a new one can be made.
      images: ensureImages(spec),
      maker: ensureMaker(box),
      box: ensureBox(box),
      unit: ensureUnit({
        name: unitName("sandbox", name),
        text: await unitText(box),
        active: running,
        // A new sandbox has a new main process to be joined to.
        restartWhen: [box.recipe],
        startSeconds: 300,
        try: "see what the agent says: scripts/logs agent. It needs at least 2 GB of memory",
      }),
      answering: ensureAnswering(name, running),
      logs: observation("the limit of its log", limitsFacts(unitName("sandbox", name), journal.path)),
    });
  },
  observe(spec, { line, box, unit, answering, logs }) {
    const { box: now, container } = box;
    if (isForeign(now, spec.owner)) return "gone";
    if (now.kind === "absent" || (now.kind === "unreachable" && container === undefined)) return "gone";
    const service = summaryOf(unit);
    const labels = now.kind === "there" ? now.labels : {};
    // One that has ended is made anew whatever it was made from; this is how a preview comes to see it.
    const recipe = now.kind === "there" && !isAlive(now.phase) ? "ended" : (labels[recipeLabel] ?? "unknown");
    return {
      ...spec,
      running: service.running && now.kind === "there" && now.phase === "Ready" && answering.ready,
      enabled: service.enabled,
      definition: `${service.definition} ${recipe}`,
      // One of the gateway's own says nothing of what the sandbox was made with, and is told as drift of its network policy.
      policy:
        now.kind === "there" && !now.ofGateway
          ? observedPolicy(spec.policy, mounted(now.policy), now.policy, installedDialect(line).added)
          : spec.policy,
      agent: { version: labels["nemoclaw.agent"] ?? spec.agent.version },
      limits: observedLimits(spec.limits, { ...container, logs: logs.logs }),
    };
  },
  /** With the agent's state. Its workspace is a resource of its own and stays. */
  removal(spec) {
    const { sandbox: name } = spec;
    return all(`no sandbox ${name}`, {
      unit: ensureNoUnit({ name: unitName("sandbox", name) }),
      box: ensureNoBox(spec),
      policy: ensureAbsent({ path: paths.policy(name) }),
      maker: ensureAbsent({ path: paths.maker(name) }),
      journal: ensureAbsent({ path: journalPath(name) }),
      state: ensureAbsent({ path: shared.data(name, "agent") }),
      led: ensureAbsent({ path: paths.led(name) }),
    });
  },
});

const journalPath = (name: string) => `/etc/systemd/journald@${journalNamespace(name)}.conf`;

function folders({ policy }: SandboxSpec): Record<string, ReturnType<typeof ensureFolderExists>> {
  const paths = writableFolders(policy);
  return Object.fromEntries(paths.map((path) => [path, ensureFolderExists({ path, owner: users.sandbox })]));
}

async function unitText({ spec, attach }: Box): Promise<string> {
  const { version } = await programs();
  return attendantUnit({
    sandbox: spec.sandbox,
    node: shared.node,
    bundle: `${paths.programs(version)}/attendant.mjs`,
    agentVersion: spec.agent.version,
    statusPort: ports.status,
    command: attachCommand(spec, attach),
    environment,
  });
}

/** The folders of ours that a live policy names, whatever their versions: an older release had others. */
function mounted(live: unknown): string[] {
  const { filesystem_policy } = (live ?? {}) as { filesystem_policy?: { read_only?: string[] } };
  return (filesystem_policy?.read_only ?? []).filter((path) =>
    /^\/opt\/nemoclaw\/(node|agent|supervisor)\//.test(path),
  );
}
