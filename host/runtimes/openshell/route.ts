import type { Part, RouteSpec } from "../runtime.ts";
import { dialectOfLine, pinnedDialect } from "./dialect.ts";
import { isAsked } from "./inference-commands.ts";
import { managedRoute } from "./managed-route.ts";
import { providerRoute } from "./provider-route.ts";

/**
 * The agent's way to a model, as a line of releases has one. A new one is the pinned release's; one that stands is looked at and
 * removed as the line that it was made under, whatever the lock file pins by now.
 */
export const route: Part<RouteSpec> = {
  fill: (spec) => ({ ...spec, verify: isAsked(spec), definition: pinnedDialect().line }),
  step: (spec) => made(spec).step(spec),
  observe: (spec, facts) => made(spec).observe(spec, facts),
  removal: (spec) => made(spec).removal(spec),
};

const made = ({ definition }: Pick<RouteSpec, "definition">) =>
  dialectOfLine(definition).managedInference ? managedRoute : providerRoute;
