import type { Said } from "./cli.ts";
import { listed } from "./listed.ts";

/** A provider, of which the gateway never tells key or address again. */
export type ProviderFacts =
  | { readonly kind: "absent" }
  | { readonly kind: "unreachable"; readonly said: string }
  | { readonly kind: "there"; readonly id: string; readonly type: string; readonly resourceVersion: number };

/** Finds one in the answer to `openshell provider list -o json`. */
export function parseProvider({ stdout, exitCode }: Said, name: string): ProviderFacts {
  if (exitCode !== 0) return { kind: "unreachable", said: stdout.trim().slice(0, 1000) };
  const found = listed(stdout, "providers").find((provider) => provider.name === name);
  if (!found) return { kind: "absent" };
  return {
    kind: "there",
    id: String(found.id),
    type: String(found.type),
    resourceVersion: Number(found.resource_version),
  };
}

/** Where `inference.local` leads. */
export interface InferenceFacts {
  readonly provider?: string;
  readonly model?: string;
}

/** Reads the answer to `openshell inference get`, which has no other form than text. Only its first part is the sandboxes'. */
export function parseInference({ stdout, exitCode }: Pick<Said, "stdout" | "exitCode">): InferenceFacts {
  if (exitCode !== 0) return {};
  const users = stdout.split(/^System inference:/m)[0] ?? "";
  const field = (name: string) => new RegExp(`^\\s*${name}:\\s+(.+?)\\s*$`, "m").exec(users)?.[1];
  const [provider, model] = [field("Provider"), field("Model")];
  return { ...(provider && { provider }), ...(model && { model }) };
}
