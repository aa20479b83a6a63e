import { appArmorProfile } from "../../../services/sandbox-supervisor/units.ts";
import { artifact, readLock } from "../../lock.ts";
import { all } from "../../step.ts";
import { ensureAppArmorProfile, ensureNoAppArmorProfile } from "../../steps/apparmor-profile.ts";
import { ensurePackages } from "../../steps/apt-packages.ts";
import { ensureAuthorities } from "../../steps/authorities.ts";
import { ensureDirectory } from "../../steps/directory.ts";
import type { FileFacts } from "../../steps/file-facts.ts";
import { ensureFile } from "../../steps/managed-file.ts";
import { ensureNpmInstall } from "../../steps/npm-install.ts";
import { ensureSystemGroup, ensureSystemUser } from "../../steps/system-user.ts";
import { ensureArtifact } from "../../steps/verified-download.ts";
import { noRuntime } from "../no-runtime.ts";
import { type InstallSpec, part } from "../runtime.ts";
import { runtimeFolder } from "../runtime-folder.ts";
import { turnsGroup, users } from "./paths.ts";
import { programs } from "./programs.ts";

/** Programs, users and folders that all sandboxes of a machine share. */
export const install = part({
  async fill(spec: InstallSpec) {
    return { ...spec, versions: await versions() };
  },
  async step({ arch, mirrors = {} }: InstallSpec) {
    const lock = readLock();
    const pinned = (name: string) => {
      const { sha256: hash, ...rest } = artifact(lock, name, arch, mirrors);
      return { ...rest, hash };
    };
    const { version, files, manifest, locked } = await programs();
    const authorities = ensureAuthorities(mirrors);
    return all("the embedded sandbox runtime", {
      folder: ensureDirectory({ path: "/etc/nemoclaw" }),
      credentials: ensureDirectory({ path: "/etc/nemoclaw/credentials", mode: 0o700 }),
      authorities,
      packages: ensurePackages({
        packages: ["bubblewrap", "socat", "ripgrep", "curl", "ca-certificates"],
        mirror: mirrors.apt,
      }),
      turns: ensureSystemGroup({ name: turnsGroup }),
      sandbox: ensureSystemUser({ name: users.sandbox, groups: [turnsGroup] }),
      gate: ensureSystemUser({ name: users.gate }),
      route: ensureSystemUser({ name: users.route }),
      data: ensureDirectory({ path: "/var/lib/nemoclaw" }),
      appArmor: ensureAppArmorProfile(appArmorProfile),
      mountPoint: ensureDirectory({ path: "/sandbox" }),
      tmpfiles: ensureFile(runtimeFolder),
      runtime: ensureDirectory({ path: "/run/nemoclaw" }),
      node: ensureArtifact({ ...pinned("node"), form: "tarball" }),
      npm: ensureArtifact({ ...pinned("npm"), form: "tarball" }),
      supervisor: ensureNpmInstall({
        name: "supervisor",
        version,
        manifest,
        lock: locked,
        files: Object.fromEntries(files),
        registry: mirrors.npm,
        // Beside the one that runs: a sandbox takes it up, and only then does `current` follow.
        current: "first",
      }),
    });
  },
  observe(spec, { node, npm, supervisor }) {
    if (node.current.kind === "absent" && supervisor.current.kind === "absent") return "gone";
    // Where the links lead, whatever this release of the package would install: that is for a diff to say, not for a look.
    const pointed = ({ current }: { current: FileFacts }) =>
      current.kind === "link" ? (current.target ?? "") : "absent";
    const there = supervisor.installed ?? pointed(supervisor);
    return { ...spec, versions: { node: pointed(node), npm: pointed(npm), supervisor: there } };
  },
  removal() {
    return all("no embedded sandbox runtime", { ...noRuntime(), appArmor: ensureNoAppArmorProfile(appArmorProfile) });
  },
});

async function versions(): Promise<Record<string, string>> {
  const { artifacts } = readLock();
  const { version: supervisor } = await programs();
  return { node: artifacts.node?.version ?? "", npm: artifacts.npm?.version ?? "", supervisor };
}
