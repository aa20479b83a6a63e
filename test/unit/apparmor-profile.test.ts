import { describe, expect, test } from "vitest";
import { ensureAppArmorProfile } from "../../host/steps/apparmor-profile.ts";
import { appArmorProfile, sandboxUnit } from "../../services/sandbox-supervisor/units.ts";

const limits = { memory: "2G", cpus: 2, pids: 512 };
const sandbox = { sandbox: "main", node: "/opt/node", bundle: "/opt/supervisor.mjs", limits, writable: [] };

const onKernelThatRestricts = (newer: boolean) =>
  ensureAppArmorProfile(appArmorProfile).plan({
    kernel: { restricted: true, loaded: false },
    newer,
    file: { kind: "absent" },
    loader: { kind: "absent" },
    wanted: { kind: "absent" },
  });

test("is written in the words of the machine's own AppArmor: Debian 12's knows no rule for user namespaces", () => {
  expect(onKernelThatRestricts(true)[0]?.stdin).toContain("abi <abi/4.0>");
  expect(onKernelThatRestricts(true)[0]?.stdin).toContain("userns,");
  expect(onKernelThatRestricts(false)[0]?.stdin).toContain("abi <abi/3.0>");
  expect(onKernelThatRestricts(false)[0]?.stdin).not.toContain("userns");
});

describe("the unit that loads it, now and when the machine starts anew", () => {
  const [, unit, load] = onKernelThatRestricts(false);
  const text = String(unit?.stdin);

  test("does so in a container too, which has no securityfs, and leaves none mounted there for its Docker to find", () => {
    expect(text).toMatch(
      /^ExecStart=\S*unshare --mount \S*sh -c ".*mount -t securityfs .*apparmor_parser --replace \S+"$/m,
    );
  });

  test("is wanted, and done before any service is started, so before a sandbox", () => {
    expect(text).toMatch(/^DefaultDependencies=no$/m);
    expect(text).toMatch(/^Before=sysinit\.target$/m);
    expect(text).toMatch(/^WantedBy=sysinit\.target$/m);
    expect(sandboxUnit(sandbox)).not.toContain("DefaultDependencies");
  });

  test("is what loads it the first time, too: what the next start needs is seen to work", () => {
    expect(load?.script).toMatch(
      /enable -- nemoclaw-apparmor\.service\nsystemctl restart -- nemoclaw-apparmor\.service/,
    );
  });
});
