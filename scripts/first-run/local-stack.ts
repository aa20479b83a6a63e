import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { parse, stringify } from "yaml";
import { stackFile } from "../clone-paths.ts";
import { type Engine, runEngine } from "../engine-choice.ts";
import { stackStateFile } from "../local-backend.ts";
import type { Say } from "../progress.ts";
import { writeOnce } from "../write-once.ts";
import { findOperatorMirrors, type OperatorMirrors } from "./operator-mirrors.ts";
import { noteAdding, noteBegun, takeUp } from "./stack-file.ts";

/** The chat that the quick start's person writes in. */
export const demoChat = 4711;

/** What the quick start configures: a machine on this computer, with a demo model and a stand-in for Telegram beside it. */
export function localConfiguration(mirrors: OperatorMirrors): string {
  const downloads = `
  # Where this computer downloads from, and whom it trusts for that; the machine does the same.
${indent(stringify({ "nemoclaw:mirrors": mirrors }, { lineWidth: 0 }))}`;
  return `# Made by scripts/quickstart and yours to change: edit it, then run scripts/quickstart or scripts/pulumi up again.
# Every setting is explained in stacks/examples/local.yaml.
config:
  # A disposable machine on this computer's Docker. "demo" puts a demo model and a stand-in for Telegram beside it.
  nemoclaw:machine: { kind: local, demo: true }
  # The embedded runtime cannot tell the programs inside a sandbox apart; "binaries" says that this is known.
  nemoclaw:runtime: { kind: embedded, accept: [binaries] }
  # What the agent may reach beyond its model: presets by name, see policies/presets. None here.
  nemoclaw:policy: { presets: [] }
  # The DEMO model only echoes. A real one: baseUrl https://integrate.api.nvidia.com/v1, a model of it, and its key with
  #   scripts/pulumi config set --secret nemoclaw:inferenceKey
  nemoclaw:inference: { kind: openai, baseUrl: http://demo.nemoclaw.internal:8080/v1, model: demo-1 }
  # The bridge answers these chats only. Without apiRoot it talks to Telegram itself.
  nemoclaw:telegram: { chats: [${demoChat}], apiRoot: http://demo.nemoclaw.internal:8081 }
${Object.keys(mirrors).length > 0 ? downloads.slice(1) : ""}`;
}

/**
 * Makes the stack and its configuration where they are missing; what a person has changed stays as it is.
 *
 * @returns whether anything was made
 */
export async function ensureLocalStack(engine: Engine, stack: string, say: Say): Promise<boolean> {
  const file = stackFile(stack);
  await takeUp(stack, say);
  const written = await writeOnce(file, async () => {
    const text = localConfiguration(await findOperatorMirrors());
    await noteBegun(stack, text);
    return text;
  });
  if (written) say(`wrote ${file}`);
  if (!existsSync(stackStateFile(stack)))
    await noteAdding(stack, "encryptionsalt", () => command(engine, stack, ["stack", "init", stack]));

  const secrets = {
    "nemoclaw:inferenceKey": () => `demo-${randomBytes(24).toString("base64url")}`,
    "nemoclaw:telegramToken": () => `${demoChat}000001:${randomBytes(26).toString("base64url")}`,
  };
  let made = written;
  for (const [key, make] of Object.entries(secrets)) {
    const { config } = (parse(await readFile(file, "utf8")) ?? {}) as { config?: Record<string, unknown> };
    if (config?.[key] !== undefined) continue;
    say(`made up a secret for ${key}; the file holds it encrypted`);
    const set = ["config", "set", "--secret", key, "--stack", stack];
    await noteAdding(stack, key, () => command(engine, stack, set, make()));
    made = true;
  }
  return made;
}

async function command(engine: Engine, stack: string, args: readonly string[], stdin?: string): Promise<void> {
  const answer = await runEngine(engine, stack, args, { stdin, timeoutSeconds: 120 });
  if (answer.exitCode === 0) return;
  throw new Error(
    [
      `stack ${stack} could not be set up`,
      `  ran   pulumi ${args.join(" ")}   (exit ${answer.exitCode})`,
      `  said  ${`${answer.stdout}\n${answer.stderr}`.trim().split("\n").slice(-10).join("\n        ")}`,
      "  try   scripts/quickstart --destroy, which also removes a half-made stack, then scripts/quickstart",
    ].join("\n"),
  );
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
