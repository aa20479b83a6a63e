import { type Command, quote } from "../../command.ts";
import type { Question } from "../../question.ts";
import { observedJson } from "../../steps/text-file.ts";
import { paths as shared, users } from "../embedded/paths.ts";

/** Where OpenClaw's own settings lead it, as far as they can be read. */
export interface AgentSettings {
  readonly baseUrl?: string;
  readonly model?: string;
}

/** Where OpenClaw has them on the machine. */
export const settingsFile = (sandbox: string) => `${shared.data(sandbox, "agent")}/openclaw.json`;

/** Read as the agent's user: the file is the agent's, and may lead anywhere. */
export function agentSettingsFacts(sandbox: string): Question<AgentSettings> {
  const path = quote(settingsFile(sandbox));
  return {
    script: `runuser -u ${users.sandbox} -- sh -c ${quote(`test -f ${path} && head -c 1000000 -- ${path}`)}`,
    parse: ({ stdout, exitCode }) => (exitCode === 0 ? parseAgent(stdout) : {}),
  };
}

/** Reads OpenClaw's settings, as far as they still have the shape that we gave them. */
export function parseAgent(text: string): AgentSettings {
  const settings = observedJson(text) as {
    models?: { providers?: { inference?: { baseUrl?: unknown } } };
    agents?: { defaults?: { model?: { primary?: unknown } } };
  };
  const baseUrl = settings.models?.providers?.inference?.baseUrl;
  const primary = settings.agents?.defaults?.model?.primary;
  return {
    ...(typeof baseUrl === "string" && { baseUrl }),
    ...(typeof primary === "string" && { model: primary.replace(/^inference\//, "") }),
  };
}

/** Whether the agent dropped a part of what leads it from its settings; of those that cannot be read nothing is known. */
export function isLost({ baseUrl, model }: AgentSettings): boolean {
  return (baseUrl === undefined) !== (model === undefined);
}

/** Takes the agent's own settings away, while it is stopped: its next start writes them anew. */
export const forgetSettings = (sandbox: string): Command => ({
  title: `forget the agent's own settings of ${sandbox}, which its start writes anew`,
  script: `runuser -u ${users.sandbox} -- rm -f -- ${quote(settingsFile(sandbox))}`,
});

/** Leads the agent's own settings back, while it runs: it reads its file again whenever that is another one. */
export function leadSettings(sandbox: string, { baseUrl, model }: Required<AgentSettings>): Command {
  const words = [settingsFile(sandbox), baseUrl, model].map(quote).join(" ");
  return {
    title: `lead the agent's own settings of ${sandbox} back to ${new URL(baseUrl).host}`,
    script: `runuser -u ${users.sandbox} -- ${shared.node} -e ${quote(program)} ${words}`,
    shown: `write ${settingsFile(sandbox)}`,
    timeoutSeconds: 60,
  };
}

const program = `
const [path, baseUrl, model] = process.argv.slice(1);
const fs = require("node:fs");
const settings = JSON.parse(fs.readFileSync(path, "utf8"));
settings.models.providers.inference.baseUrl = baseUrl;
settings.agents.defaults.model.primary = "inference/" + model;
fs.rmSync(path + ".new", { force: true });
fs.writeFileSync(path + ".new", JSON.stringify(settings, null, 2) + "\\n", { mode: 0o600, flag: "wx" });
fs.renameSync(path + ".new", path);`;
