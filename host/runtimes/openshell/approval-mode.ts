import type { Command } from "../../command.ts";
import type { Step } from "../../step.ts";
import { observedJson } from "../../steps/text-file.ts";
import { openshell, openshellQuestion, type Said, shown } from "./cli.ts";

const key = "proposal_approval_mode";

/** Who approves the rules that an agent asks for, and where that is set: the gateway's own setting goes before a sandbox's. */
export interface ApprovalMode {
  /** OpenShell's `auto`, or `manual`, which it does where nothing is set. */
  readonly mode: string;
  readonly scope: "gateway" | "sandbox" | "unset";
}

/**
 * That a person approves what an agent asks for. OpenShell's other way takes in what its prover finds nothing in, and the code
 * would not know of it.
 */
export function ensureApprovalByPeople(sandbox: string): Step<ApprovalMode | undefined> {
  return {
    name: `approval of what ${sandbox} asks for`,
    facts: openshellQuestion(["settings", "get", sandbox, "--json"], parseApprovalMode),
    plan(now) {
      if (now === undefined || now.mode === "manual") return [];
      // One behind the other, and the gateway refuses to touch the sandbox's while its own is there.
      return now.scope === "gateway" ? [unsetAtGateway, setManual(sandbox)] : [setManual(sandbox)];
    },
  };
}

/** Reads the answer to `openshell settings get NAME --json`; undefined where it tells nothing about it. */
export function parseApprovalMode({ stdout, exitCode }: Said): ApprovalMode | undefined {
  if (exitCode !== 0) return undefined;
  const { settings } = observedJson(stdout) as { settings?: Record<string, { value?: unknown; scope?: unknown }> };
  const found = settings?.[key];
  if (found === undefined) return undefined;
  if (found.scope !== "global" && found.scope !== "sandbox") return { mode: "manual", scope: "unset" };
  return { mode: String(found.value), scope: found.scope === "global" ? "gateway" : "sandbox" };
}

function setManual(sandbox: string): Command {
  const words = ["settings", "set", sandbox, "--key", key, "--value", "manual"];
  return command(`let people approve what ${sandbox} asks for`, words);
}

const unsetAtGateway = command(`take back the gateway's ${key}, which goes before a sandbox's`, [
  "settings",
  "delete",
  "--global",
  "--yes",
  "--key",
  key,
]);

function command(title: string, words: readonly string[]): Command {
  return {
    title,
    script: `${openshell(...words)} 2>&1 >/dev/null`,
    shown: shown(...words),
    timeoutSeconds: 60,
    try: `on the machine: openshell settings get --global, and who set ${key} there`,
  };
}
