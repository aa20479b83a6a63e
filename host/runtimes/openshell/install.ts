import { all } from "../../step.ts";
import { ensurePackages } from "../../steps/apt-packages.ts";
import { ensureAuthorities } from "../../steps/authorities.ts";
import { ensureDirectory } from "../../steps/directory.ts";
import type { FileFacts } from "../../steps/file-facts.ts";
import { ensureAbsent, ensureNoUnit, ensureNoUser } from "../../steps/file-removal.ts";
import { ensureFile, holds } from "../../steps/managed-file.ts";
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
import { mustBePinned } from "./chosen-image.ts";
import { dialectOf, isSpoken } from "./dialect.ts";
import { refuseForeignBoxes } from "./foreign-boxes.ts";
import { ensureConnected } from "./gateway.ts";
import { requireGatewayPort } from "./gateway-port.ts";
import { gatewayUnit } from "./gateway-unit.ts";
import { runtimeImage, supervisorImage } from "./image-names.ts";
import { ensureImages, imageFlaws, imagesInUse } from "./images.ts";
import { type ProgramFacts, requireRelease, versionOf } from "./installed-release.ts";
import { judgeInstall } from "./line-change.ts";
import { needs } from "./needs.ts";
import { gatewayUnitName, paths, user } from "./paths.ts";
import { ensureNoImages, imageNotesFolder } from "./pinned-image.ts";
import { pinnedRelease, pinnedVersions } from "./pinned-release.ts";

/** OpenShell's programs and images, its gateway as a service, and our own programs that stand beside a sandbox. */
export const install = part({
  async fill(spec: InstallSpec) {
    const { version, dialect } = pinnedRelease(spec);
    mustBePinned(spec);
    const service = { running: true, enabled: true, definition: definitionOf(gatewayUnit(version)) };
    return { ...spec, versions: await pinnedVersions(), service, line: dialect.line };
  },
  judge: judgeInstall,
  async step(spec: InstallSpec) {
    const { mirrors = {}, accept, gpus = 0 } = spec;
    const { version, files } = pinnedRelease(spec);
    const own = await programs();
    const config = configOf(version);
    const authorities = ensureAuthorities(mirrors);
    return all(`the OpenShell runtime ${version}`, {
      needs: all("what OpenShell asks of the machine", needs({ accept, gpus })),
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
      release: requireRelease(version),
      supervisor: ensureNpmInstall({
        name: "supervisor",
        version: own.version,
        manifest: own.manifest,
        lock: own.locked,
        files: Object.fromEntries(own.files),
        registry: mirrors.npm,
        // Beside the one that runs: a sandbox takes it up, and only then does `current` follow.
        current: "first",
      }),
      images: ensureImages(spec),
      config: ensureFile(config),
      unit: ensureUnit({ name: gatewayUnitName, text: gatewayUnit(version), restartWhen: [config] }),
      connected: ensureConnected(version),
      imagesInUse,
    });
  },
  observe(spec, { node, npm, supervisor, release, images, imagesInUse: inUse, unit, config, connected }) {
    const { cli, gateway } = release;
    if (cli.link === "" && unit.file.kind === "absent") return "gone";
    const service = summaryOf(unit);
    // By the gateway's release in use: another lock file does not change it, and neither does another CLI.
    const known = isSpoken(gateway.link);
    const flaws = known ? imageFlaws(gateway.link, { ...inUse, sandbox: images.sandbox }, spec) : [];
    const edited = known && !holds(configOf(gateway.link), config);
    return {
      ...spec,
      line: lineOf(versionOf(cli) || "absent"),
      versions: {
        node: pointed(node),
        npm: pointed(npm),
        supervisor: supervisor.installed ?? pointed(supervisor),
        openshell: [shownAs(cli), ...flaws].join(", "),
        "openshell-gateway": shownAs(gateway),
      },
      service: {
        ...service,
        definition: edited ? `${service.definition}, with another gateway.toml` : service.definition,
        // A process that does not answer is not a gateway that runs.
        running: service.running && connected.connected,
      },
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

function configOf(version: string): { path: string; content: string } {
  const { gatewayConfig, runtimeImage: hasRuntime } = dialectOf(version);
  const content = gatewayConfig({
    supervisorImage: supervisorImage(version),
    ...(hasRuntime && { runtimeImage: runtimeImage(version) }),
  });
  return { path: paths.config, content };
}

const pointed = ({ current }: { current: FileFacts }) => (current.kind === "link" ? (current.target ?? "") : "absent");

function shownAs(program: ProgramFacts): string {
  if (program.link === "") return "absent";
  return program.says === "" ? `${program.link}, which does not run` : versionOf(program);
}

function lineOf(version: string): string {
  return isSpoken(version) ? dialectOf(version).line : `unknown, of ${version}`;
}
