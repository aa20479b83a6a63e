import { expect, it } from "vitest";
import { ensurePackages } from "../../host/steps/apt-packages.ts";

const facts = { installed: {}, known: ["docker.io"], fresh: true, interrupted: false };

// As Debian 12's apt said it, where a stand-in for containerd.io was installed.
const removing = `The following additional packages will be installed:
  containerd runc
The following packages will be REMOVED:
  containerd.io
The following NEW packages will be installed:
  containerd docker.io runc
0 upgraded, 3 newly installed, 1 to remove and 4 not upgraded.
E: Packages need to be removed but remove is disabled.`;

it("an installation that others would have to go for says which, and every other failure what it said before", () => {
  const [install] = ensurePackages({ packages: ["docker.io"] }).plan(facts);
  expect(install?.script).toContain("--no-remove");
  expect(install?.tryAfter?.(removing)).toBe(
    "it would remove containerd.io, which somebody may use: remove that yourself where nobody does, or take another machine",
  );
  expect(install?.tryAfter?.("E: Unable to locate package docker.io")).toBeUndefined();
});
