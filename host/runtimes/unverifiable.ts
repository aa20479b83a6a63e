import type { Judgement, RouteSpec } from "./runtime.ts";

/**
 * Refuses `inference.verify: true` where nothing asks a service before the agent is led there.
 *
 * @param why said after `inference.verify: true`
 */
export function unverifiable(why: string): (spec: RouteSpec) => Judgement {
  const message = `inference.verify: true ${why}; leave inference.verify out`;
  return ({ verify }) => (verify === true ? { fault: { property: "verify", message } } : {});
}
