import { canonical } from "../../policies/canonical.ts";
import { type Fact, fact } from "../facts.ts";
import { isObject } from "../values.ts";
import type { Revision } from "./revision.ts";

const manifest = "services/agent/package.json";

/** Which agent two revisions install. */
export function agentFacts(from: Revision, to: Revision): Fact[] {
  const [was, is] = [from, to].map(manifestAt);
  const others =
    was?.others === is?.others ? [] : [{ what: manifest, note: "more than the agent's version has changed" }];
  return [...fact("agent", was?.version, is?.version), ...others];
}

function manifestAt(revision: Revision): { version?: string; others: string } {
  const text = revision.read(manifest);
  const { dependencies, ...more } = mapping(text);
  const { openclaw, ...others } = isObject(dependencies) ? dependencies : {};
  return { version: typeof openclaw === "string" ? openclaw : undefined, others: canonical({ ...more, others }) };
}

function mapping(text: string | undefined): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    return isObject(value) ? value : { text };
  } catch {
    return { text };
  }
}
