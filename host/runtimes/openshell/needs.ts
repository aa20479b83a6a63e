import type { Step } from "../../step.ts";
import type { NeedsSpec } from "../runtime.ts";
import { pinnedDialect } from "./dialect.ts";
import { requireCdi } from "./docker-cdi.ts";
import { requireDocker } from "./docker-version.ts";
import { requireLandlock } from "./landlock.ts";

/** What the pinned release asks of a machine; it changes nothing. */
export function needs({ accept = [], gpus, docker }: NeedsSpec): Record<string, Step<unknown>> {
  const dialect = pinnedDialect();
  const steps = {
    "docker-version": requireDocker(dialect.docker, {
      accepted: accept.includes("docker-version"),
      offered: docker === "distribution",
    }),
    "docker-cdi": requireCdi(gpus, { before: docker !== undefined }),
    landlock: requireLandlock(dialect),
  };
  return steps as Record<string, Step<unknown>>;
}
