// The texts of a sandbox's three units; pure, so that they can be compared with what a machine has.
export { type EgressGateUnit, egressGateUnit } from "./gate-unit.ts";
export { type InferenceRouteUnit, inferenceRouteUnit } from "./route-unit.ts";
export { appArmorProfile, type SandboxLimits, type SandboxUnit, sandboxUnit } from "./sandbox-unit.ts";
export { journalNamespace, journalSettings } from "./unit-text.ts";
