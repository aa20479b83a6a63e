import type { Report } from "../report.ts";
import { asCode } from "./cell.ts";
import type { Section } from "./outline.ts";

/** The guardrails: what breaks one, which risks are taken knowingly, and which are kept. */
export function guardrailSection({ guardrails }: Report): Section | undefined {
  if (guardrails === undefined || guardrails.judged === 0) return undefined;
  const { judged, kept, broken, taken } = guardrails;
  const rows = [
    ...broken.map(({ name, rule, resource, path, message, wayOut }) => [
      "BROKEN",
      name,
      [asCode(resource), " ", asCode(path)],
      `${message}. Rule: ${rule}. Way out: ${wayOut}`,
    ]),
    ...taken.map(({ name, resource, reason }) => ["risk taken", name, asCode(resource), reason]),
  ];
  const counts = [`${kept.length} kept`, `${broken.length} broken`, `${taken.length} taken as a risk`];
  const plural = judged === 1 ? "one resource" : `${judged} resources`;
  const tone = broken.length > 0 ? "bad" : taken.length > 0 ? "warn" : "good";
  if (rows.length === 0)
    return { title: "Guardrails", short: `all ${kept.length} kept by ${plural}`, tone, open: false, tables: [] };
  return {
    title: "Guardrails",
    short: `${counts.filter((count) => !count.startsWith("0 ")).join(", ")}, of ${plural}`,
    tone,
    open: true,
    tables: [{ head: ["", "Rule", "What", "Why"], rows }],
    note: kept.length > 0 ? `Kept: ${kept.join(", ")}.` : undefined,
  };
}
