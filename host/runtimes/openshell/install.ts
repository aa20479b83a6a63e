import { all, type Step } from "../../step.ts";
import { ensurePackages } from "../../steps/apt-packages.ts";
import { ensureAuthorities } from "../../steps/authorities.ts";
import { ensureDirectory } from "../../steps/directory.ts";
import type { FileFacts } from "../../steps/file-facts.ts";
import { ensureAbsent, ensureNoUnit, ensureNoUser } from "../../steps/file-removal.ts";
import { ensureFile } from "../../steps/managed-file.ts";
import { nothingToRemove } from "../../steps/nothing-to-remove.ts";
import { ensureNpmInstall } from "../../steps/npm-install.ts";
import { ensureSystemGroup, ensureSystemUser } from "../../steps/system-user.ts";
import { ensureUnit } from "../../steps/systemd-unit.ts";
import { definitionOf, summaryOf } from "../../steps/unit-summary.ts";
import { ensureArtifact } from "../../steps/verified-download.ts";
import { turnsGroup, users } from "../embedded/paths.ts";
import { programs } from "../embedded/programs.ts";
import { noRuntime } from "../no-runtime.ts";
import { type InstallSpec, part } from "../runtime.ts";
import { runtimeFolder } from "../runtime-folder.ts";
import { dialectOf } from "./dialect.ts";
import { requireCdi } from "./docker-cdi.ts";
import { requireDocker } from "./docker-version.ts";
import { refuseForeignBoxes } from "./foreign-boxes.ts";
import { ensureConnected } from "./gateway.ts";
import { requireGatewayPort } from "./gateway-port.ts";
import { gatewayUnit } from "./gateway-unit.ts";
import { requireLandlock } from "./landlock.ts";
import { judgeInstall } from "./line-change.ts";
import { gatewayUnitName, paths, user } from "./paths.ts";
import { pinnedRelease, pinnedVersions } from "./pinned-release.ts";
import { ensureSandboxImage } from "./sandbox-image.ts";
import {
  ensureNoImages,
  ensurePinnedImage,
  imageNotesFolder,
  runtimeImage,
  supervisorImage,
} from "./supervisor-image.ts";

/** OpenShell's programs and images, its gateway as a service, and our own programs that stand beside a sandbox. */
export const install = part({
  async fill(spec: InstallSpec) {
    const { version, dialect } = pinnedRelease(spec);
    const service = { running: true, enabled: true, definition: definitionOf(gatewayUnit(version)) };
    return { ...spec, versions: await pinnedVersions(), service, line: dialect.line };
  },
  judge: judgeInstall,
  async step(spec: InstallSpec) {
    const { mirrors = {}, accept = [], gpus = 0 } = spec;
    const { version, dialect, files, ...images } = pinnedRelease(spec);
    const own = await programs();
    const config = {
      path: paths.config,
      content: dialect.gatewayConfig({
        supervisorImage: supervisorImage(version),
        ...(images.runtime && { runtimeImage: runtimeImage(version) }),
      }),
    };
    const authorities: Step<unknown> =
      mirrors.ca === undefined ? nothingToRemove("no further authorities") : ensureAuthorities(mirrors.ca);
    const runtimeImageStep: Step<unknown> =
      images.runtime === undefined
        ? nothingToRemove("no image of the runtime inside")
        : ensurePinnedImage(runtimeImage(version), images.runtime);
    return all(`the OpenShell runtime ${version}`, {
      docker: requireDocker(dialect.docker, { accepted: accept.includes("docker-version") }),
      cdi: requireCdi(gpus),
      kernel: requireLandlock(dialect),
      port: requireGatewayPort(),
      folder: ensureDirectory({ path: "/etc/nemoclaw" }),
      credentials: ensureDirectory({ path: "/etc/nemoclaw/credentials", mode: 0o700 }),
      authorities,
      packages: ensurePackages({
        packages: ["curl", "ca-certificates", "mmdebstrap", "libz3-4", "openssh-client"],
        mirror: mirrors.apt,
      }),
      turns: ensureSystemGroup({ name: turnsGroup }),
      sandboxUser: ensureSystemUser({ name: users.sandbox, groups: [turnsGroup] }),
      user: ensureSystemUser({ name: user, home: paths.home, groups: ["docker"] }),
      data: ensureDirectory({ path: "/var/lib/nemoclaw" }),
      home: ensureDirectory({ path: paths.home, owner: user, group: user, mode: 0o700 }),
      tmpfiles: ensureFile(runtimeFolder),
      runtime: ensureDirectory({ path: "/run/nemoclaw" }),
      node: ensureArtifact({ ...files.node, form: "tarball" }),
      npm: ensureArtifact({ ...files.npm, form: "tarball" }),
      cli: ensureArtifact({ ...files.openshell, form: "loose-tarball" }),
      gateway: ensureArtifact({ ...files["openshell-gateway"], form: "loose-tarball" }),
      supervisor: ensureNpmInstall({
        name: "supervisor",
        version: own.version,
        manifest: own.manifest,
        lock: own.locked,
        files: Object.fromEntries(own.files),
        registry: mirrors.npm,
      }),
      supervisorImage: ensurePinnedImage(supervisorImage(version), images.supervisor),
      runtimeImage: runtimeImageStep,
      sandboxImage: ensureSandboxImage(mirrors.apt),
      config: ensureFile(config),
      unit: ensureUnit({ name: gatewayUnitName, text: gatewayUnit(version), restartWhen: [config] }),
      connected: ensureConnected(version),
    });
  },
  observe(spec, { node, npm, cli, gateway, supervisor, unit, connected }) {
    if (cli.current.kind === "absent" && unit.file.kind === "absent") return "gone";
    const pointed = ({ current }: { current: FileFacts }) =>
      current.kind === "link" ? (current.target ?? "") : "absent";
    const service = summaryOf(unit);
    return {
      ...spec,
      line: lineOf(pointed(cli)),
      versions: {
        node: pointed(node),
        npm: pointed(npm),
        supervisor: pointed(supervisor),
        openshell: pointed(cli),
        "openshell-gateway": pointed(gateway),
      },
      // A process that does not answer is not a gateway that runs.
      service: { ...service, running: service.running && connected.connected },
    };
  },
  removal({ owner }) {
    return all("no OpenShell runtime", {
      foreign: refuseForeignBoxes(owner),
      unit: ensureNoUnit({ name: gatewayUnitName }),
      images: ensureNoImages(),
      user: ensureNoUser({ name: user }),
      home: ensureAbsent({ path: paths.home }),
      ...noRuntime([imageNotesFolder]),
    });
  },
});

function lineOf(version: string): string {
  try {
    return dialectOf(version).line;
  } catch {
    return `unknown, of ${version}`;
  }
}
