// The texts of a sandbox's three units; pure, so that they can be compared with what a machine has.
export { egressGateUnit } from "./gate-unit.ts";
export { inferenceRouteUnit } from "./route-unit.ts";
export { appArmorProfile, sandboxUnit } from "./sandbox-unit.ts";
export { journalNamespace, journalSettings } from "./unit-text.ts";
