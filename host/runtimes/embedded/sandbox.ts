import { canonical } from "../../../policies/canonical.ts";
import {
  egressGateUnit,
  journalNamespace,
  journalSettings,
  sandboxUnit,
} from "../../../services/sandbox-supervisor/units.ts";
import { all } from "../../step.ts";
import { ensureDirectory } from "../../steps/directory.ts";
import { ensureAbsent, ensureNoUnit } from "../../steps/file-removal.ts";
import { ensureKeptFolder } from "../../steps/kept-folder.ts";
import { ensureFile } from "../../steps/managed-file.ts";
import { ensureFolderExists } from "../../steps/missing-folder.ts";
import { observation } from "../../steps/observation.ts";
import { ensureSymlink } from "../../steps/symlink.ts";
import { appliedPath, ensureUnit } from "../../steps/systemd-unit.ts";
import { observedJson, textFacts } from "../../steps/text-file.ts";
import { definitionOf, summaryOf } from "../../steps/unit-summary.ts";
import { part, type SandboxSpec } from "../runtime.ts";
import { installAgent } from "./install-agent.ts";
import { limitsFacts, observedLimits } from "./limits.ts";
import { paths, ports, unitName, users } from "./paths.ts";
import { programs } from "./programs.ts";

/** The agent in its sandbox, as a service, behind a gate that refuses everything until a network policy is in force. */
export const sandbox = part({
  async fill(spec: SandboxSpec) {
    const texts = await unitTexts(spec);
    return { ...spec, definition: `${definitionOf(texts.sandbox)} ${definitionOf(texts.gate)}` };
  },
  async step(spec: SandboxSpec) {
    const { sandbox: name, policy, agent, limits, running, mirrors } = spec;
    const texts = await unitTexts(spec);
    const { version } = await programs();
    const config = { path: paths.config(name, "sandbox"), content: canonical({ policy, agent, ports }) };
    const journal = { path: journalPath(name), content: journalSettings(limits.logs) };
    const own = { owner: users.sandbox, group: users.sandbox, mode: 0o700 };
    return all(`sandbox ${name}`, {
      agent: installAgent({ version: agent.version, mirrors }),
      programs: ensureSymlink({ path: paths.programs, target: version }),
      config: ensureFile(config),
      journal: ensureFile(journal),
      data: ensureDirectory({ path: `/var/lib/nemoclaw/${name}` }),
      state: ensureKeptFolder({ path: paths.data(name, "agent"), ...own }),
      folders: all("folders that the policy lets it write", writableFolders(policy)),
      // systemd starts one for each namespace and never tells it that its settings changed; it stays when the rest is stopped.
      journalReader: ensureUnit({ name: journalUnit(name), enabled: undefined, restartWhen: [journal] }),
      gate: ensureUnit({ name: unitName("gate", name), text: texts.gate, active: running }),
      unit: ensureUnit({
        name: unitName("sandbox", name),
        text: texts.sandbox,
        active: running,
        restartWhen: [config],
        startSeconds: 300,
        try: "see what the agent says: scripts/logs agent. It needs at least 2 GB of memory",
      }),
      limits: observation("its limits, as systemd has them", limitsFacts(unitName("sandbox", name), journal.path)),
      text: observation("its configuration", textFacts(config.path)),
    });
  },
  observe(spec, { unit, gate, limits, text }) {
    if (unit.file.kind === "absent" && text === undefined) return "gone";
    const { policy, agent } = observedJson(text);
    const [one, other] = [summaryOf(unit), summaryOf(gate)];
    return {
      ...spec,
      running: one.running && other.running,
      enabled: one.enabled && other.enabled,
      definition: `${one.definition} ${other.definition}`,
      policy: policy as SandboxSpec["policy"],
      agent: agent as SandboxSpec["agent"],
      limits: observedLimits(spec.limits, limits),
    };
  },
  /** With the agent's state. Its workspace is a resource of its own and stays. */
  removal({ sandbox: name }) {
    return all(`no sandbox ${name}`, {
      unit: ensureNoUnit({ name: unitName("sandbox", name) }),
      gate: ensureNoUnit({ name: unitName("gate", name) }),
      config: ensureAbsent({ path: paths.config(name, "sandbox") }),
      journal: ensureAbsent({ path: journalPath(name) }),
      journalApplied: ensureAbsent({ path: appliedPath(journalUnit(name)) }),
      state: ensureAbsent({ path: paths.data(name, "agent") }),
      gateState: ensureAbsent({ path: paths.data(name, "gate") }),
      gateAuthority: ensureAbsent({ path: paths.data(name, "gate-ca") }),
    });
  },
});

/** As OpenShell does: a folder that may be written and is not there is made. */
function writableFolders(policy: SandboxSpec["policy"]): Record<string, ReturnType<typeof ensureFolderExists>> {
  const listed = policy.filesystem_policy?.read_write ?? [];
  const own = listed.filter((path) => !/^\/(sandbox|tmp|dev|proc|sys)(\/|$)/.test(path));
  return Object.fromEntries(own.map((path) => [path, ensureFolderExists({ path, owner: users.sandbox })]));
}

const journalUnit = (name: string) => `systemd-journald@${journalNamespace(name)}.service`;
const journalPath = (name: string) => `/etc/systemd/journald@${journalNamespace(name)}.conf`;

/** The two units of a sandbox: the supervisor with the agent in it, and the gate that is its only way out. */
async function unitTexts({ sandbox: name, policy, limits }: SandboxSpec) {
  const { version } = await programs();
  const at = { sandbox: name, node: paths.node };
  const writable = policy.filesystem_policy?.read_write ?? [];
  return {
    gate: egressGateUnit({ ...at, bundle: paths.program(version, "egress-gate.mjs"), port: ports.gate }),
    sandbox: sandboxUnit({ ...at, bundle: paths.program(version, "supervisor.mjs"), limits, writable }),
  };
}
