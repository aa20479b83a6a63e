import type { Question } from "../host/question.ts";
import { observedJson, textFacts } from "../host/steps/text-file.ts";

/** What a bridge says of itself, in its status file's own words. */
export interface BridgeReport extends Readonly<Record<string, unknown>> {
  /** By the machine's clock, as the bridge's own times are; absent when there was no poll. */
  readonly secondsSincePoll?: number;
  /** Why nothing is known. */
  readonly unreadable?: string;
}

/** Reads a bridge's status file. */
export function bridgeFacts(path: string): Question<BridgeReport> {
  const { script, parse } = textFacts(path);
  return {
    script: `date +%s\n${script}`,
    parse: ({ stdout, exitCode }) => {
      const [now = "", ...lines] = stdout.split("\n");
      const text = parse({ stdout: lines.join("\n"), exitCode });
      if (text === undefined) return { unreadable: `there is no ${path} on the machine` };
      const said = observedJson(text);
      const age = Number(now) - Date.parse(String(said.lastPollAt)) / 1000;
      return { ...said, ...(Number.isNaN(age) ? {} : { secondsSincePoll: Math.max(0, Math.round(age)) }) };
    },
  };
}
