/** The output that a look sets where a run was cut off in an upgrade: what came of it was never tried, and nothing else need tell. */
export const cutOffUpgradeOutput = "cutOffUpgrade";

/** What an update has to settle although the inputs are what is wanted. */
export function toSettle(outputs: Readonly<Record<string, unknown>>): string[] {
  return outputs[cutOffUpgradeOutput] === true ? [cutOffUpgradeOutput] : [];
}
