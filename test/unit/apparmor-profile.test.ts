import { expect, test } from "vitest";
import { ensureAppArmorProfile } from "../../host/steps/apparmor-profile.ts";
import { appArmorProfile } from "../../services/sandbox-supervisor/units.ts";

const onKernelThatRestricts = (newer: boolean) =>
  ensureAppArmorProfile(appArmorProfile).plan({
    kernel: { restricted: true, loaded: false },
    newer,
    file: { kind: "absent" },
  });

test("is written in the words of the machine's own AppArmor: Debian 12's knows no rule for user namespaces", () => {
  expect(onKernelThatRestricts(true)[0]?.stdin).toContain("abi <abi/4.0>");
  expect(onKernelThatRestricts(true)[0]?.stdin).toContain("userns,");
  expect(onKernelThatRestricts(false)[0]?.stdin).toContain("abi <abi/3.0>");
  expect(onKernelThatRestricts(false)[0]?.stdin).not.toContain("userns");
});

test("is loaded in a container too, which has no securityfs, and leaves none mounted there for its Docker to find", () => {
  const script = onKernelThatRestricts(false)[1]?.script;
  expect(script).toMatch(/^unshare --mount sh -c /);
  expect(script).toContain("mount -t securityfs");
});
