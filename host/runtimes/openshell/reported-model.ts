import { type Command, quote } from "../../command.ts";
import type { Questions } from "../../question.ts";
import { observedJson, textFacts } from "../../steps/text-file.ts";
import { askAgent, json, readAgent } from "../agent-report.ts";
import type { SandboxReport } from "../operations.ts";
import { inferenceLocal, paths } from "./paths.ts";

/** What the agent says of the model that answered it, and what that is compared with. */
export interface ReportedFacts {
  readonly agent: SandboxReport["agent"];
  /** What a service called its model when we asked it. */
  readonly answersAs: string | undefined;
  /** Since when the agent is led where it is. */
  readonly since: string | undefined;
}

export function reportedFacts(sandbox: string): Questions<ReportedFacts> {
  return {
    agent: { script: askAgent(sandbox), parse: ({ stdout }) => readAgent(json(stdout)) },
    answersAs: textFacts(paths.answersAs(sandbox)),
    since: textFacts(paths.ledSince(sandbox)),
  };
}

/**
 * The model that the agent reports in the place of the one it is led to; undefined when it is that one, or when it cannot be told.
 *
 * The report is the name in the latest answer. It counts for a turn that began after the agent was led there, and when the
 * service was asked: it may call its model by another name than it is asked by (with a date, for instance), and that one is right
 * too. Of a service that nobody asked, no name is wrong.
 */
export function strayModel(model: string, { agent, answersAs, since }: ReportedFacts): string | undefined {
  const asked = observedJson(answersAs);
  if (asked.model !== model || typeof asked.answersAs !== "string") return undefined;
  if (agent?.lastModel === undefined || agent.lastModelAt === undefined || since === undefined) return undefined;
  if (agent.lastModelAt <= since.trim()) return undefined;
  // Where an answer names no model, the agent says what it asked for, or nothing.
  const same = [model, asked.answersAs, inferenceLocal.model, "unknown"];
  return same.includes(agent.lastModel) ? undefined : agent.lastModel;
}

/** The model as a state has it: the one that the agent is led to, or another that it reports. */
export function observedModel(model: string | undefined, reported: ReportedFacts): string {
  const led = model ?? "none";
  return strayModel(led, reported) ?? led;
}

/** Notes the time: what the agent reports of earlier turns is of another model. Written as the attendant writes its times. */
export function noteLed(sandbox: string): Command {
  return {
    title: `note since when the agent of ${sandbox} is led there`,
    script: `date -u +%Y-%m-%dT%H:%M:%S.%3NZ >${quote(paths.ledSince(sandbox))}`,
    timeoutSeconds: 20,
  };
}
