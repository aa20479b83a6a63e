import type { Part, RouteSpec } from "../runtime.ts";
import { pinnedDialect } from "./dialect.ts";
import { managedRoute } from "./managed-route.ts";
import { providerRoute } from "./provider-route.ts";

/** The agent's way to a model, as the pinned release has one. */
export const route: Part<RouteSpec> = {
  fill: (spec) => chosen().fill?.(spec) ?? spec,
  judge: (spec, recorded) => chosen().judge?.(spec, recorded) ?? {},
  step: (spec) => chosen().step(spec),
  observe: (spec, facts) => chosen().observe(spec, facts),
  removal: (spec) => chosen().removal(spec),
};

const chosen = () => (pinnedDialect().managedInference ? managedRoute : providerRoute);
