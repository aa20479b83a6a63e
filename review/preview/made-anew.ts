import { asLeft } from "./as-left.ts";
import type { PreviewState } from "./preview-step.ts";

type State = Pick<PreviewState, "type" | "inputs" | "outputs">;

/**
 * Whether an update makes a sandbox anew: OpenShell changes nothing of one but its limits and its network policy, so one with
 * another recipe goes, and another takes its place. The embedded runtime keeps the sandbox, and restarts the agent in it.
 */
export function isMadeAnew(before: State | undefined, after: State | undefined): boolean {
  if (before === undefined || after === undefined || !isOpenshellBox(before) || !isOpenshellBox(after)) return false;
  // A look that its gateway did not answer knows no recipe; the last update knew.
  const found = recipeIn(before.inputs) ?? recipeIn(asLeft(before));
  const wanted = recipeIn(after.inputs);
  return found !== undefined && wanted !== undefined && found !== wanted;
}

function isOpenshellBox({ type, inputs }: State): boolean {
  return type === "nemoclaw:host:Sandbox" && inputs?.runtime === "openshell";
}

/**
 * The short name of all that is fixed when a sandbox of OpenShell's is made. It stands behind that of the attendant's service, which
 * is set up anew beside a sandbox that stays: `0a1b2c3d4e5f 6a7b8c9d0e1f`.
 */
function recipeIn({ definition }: PreviewState["inputs"] = {}): string | undefined {
  const recipe = typeof definition === "string" ? definition.split(" ")[1] : undefined;
  return recipe === "unknown" ? undefined : recipe;
}
