import type { Said } from "./cli.ts";

/** A provider, of which the gateway never tells key or address again. */
export type ProviderFacts =
  | { readonly kind: "absent" }
  | { readonly kind: "unreachable"; readonly said: string }
  | { readonly kind: "there"; readonly id: string; readonly type: string; readonly resourceVersion: number };

/** Finds one in the answer to `openshell provider list -o json`. */
export function parseProvider({ stdout, exitCode }: Said, name: string): ProviderFacts {
  if (exitCode !== 0) return { kind: "unreachable", said: stdout.trim().slice(0, 1000) };
  try {
    const list = JSON.parse(stdout) as { name: string; id: string; type: string; resource_version: number }[];
    const found = list.find((provider) => provider.name === name);
    if (!found) return { kind: "absent" };
    return { kind: "there", id: found.id, type: found.type, resourceVersion: found.resource_version };
  } catch {
    // Without any provider there is no list at all, but a sentence.
    return { kind: "absent" };
  }
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
