import type { InstallSpec, Judgement } from "../runtime.ts";
import { pinnedDialect } from "./dialect.ts";

const lost =
  "Lost: the agent's conversations and settings, what its sandbox holds besides the workspace, and OpenShell's own history of policies, drafts and providers. Kept: the workspace";

/**
 * What speaks against an installation, or must be known of it, asked at preview. A release of another line is no upgrade: the
 * runtime and all that stands on it are made anew, which a stack has to take knowingly.
 */
export function judgeInstall(wanted: InstallSpec, recorded: InstallSpec | undefined): Judgement {
  const { line, verified } = pinnedDialect();
  const { openshell: version } = wanted.versions ?? {};
  const warnings = verified
    ? []
    : [
        `OpenShell ${version}: what is known here of ${line} is from its documentation and was never run against the real thing; see docs/verified.md`,
      ];
  if (recorded?.line === undefined || recorded.line === line) return { warnings };
  // What a refresh found besides stands behind a comma.
  const before = recorded.versions?.openshell?.split(",")[0];
  const change = `OpenShell ${before} cannot be upgraded to ${version} where it stands: the runtime and all that stands on it are made anew. ${lost}.`;
  if (wanted.accept?.includes("recreate")) return { warnings: [...warnings, change] };
  return {
    warnings,
    fault: {
      property: "accept",
      message: `${change} Take it knowingly: nemoclaw:runtime.accept: [recreate]; or pin a release of ${recorded.line} again: scripts/lock refresh openshell --version VERSION`,
    },
  };
}
