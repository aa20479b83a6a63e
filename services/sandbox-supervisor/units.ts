// The texts of a sandbox's units; pure, so that they can be compared with what a machine has.
export { attendantUnit } from "./attendant-unit.ts";
export { egressGateUnit } from "./gate-unit.ts";
export { inferenceRouteUnit } from "./route-unit.ts";
export { appArmorProfile, sandboxUnit } from "./sandbox-unit.ts";
export { journalNamespace, journalSettings } from "./unit-text.ts";
