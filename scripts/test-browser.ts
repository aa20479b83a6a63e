import { isCancelled } from "../host/errors.ts";
import { installPackages, type MissingPackage, notInstalled } from "./apt-packages.ts";
import { installedBrowser } from "./installed-browser.ts";
import type { Say } from "./progress.ts";

const chromium: MissingPackage = {
  name: "chromium",
  reason: "shows the review's page to its tests, which are skipped without a Chromium",
};

/** What apt would have to bring, where it can, so that no test of a page is skipped. */
export async function findLackingBrowser(): Promise<MissingPackage[]> {
  return installedBrowser() ? [] : notInstalled([chromium]);
}

/**
 * Installs it. A distribution that has none, a person who may not install, or an archive that does not give it soon gets the tests
 * without those of the page.
 */
export async function prepareBrowser(lacking: readonly MissingPackage[], say: Say, patience = 180): Promise<void> {
  try {
    await installPackages(lacking, say, patience);
  } catch (error) {
    if (isCancelled(error)) throw error;
    say(`goes on without: ${(error as Error).message.split("\n").slice(0, 2).join("; ")}`);
  }
}
