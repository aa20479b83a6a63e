import { isCancelled } from "../host/errors.ts";
import { type Bringing, NoBaseImage } from "../host/local/base-image.ts";
import { dockerRefusal, ensureDockerDaemon } from "../host/local/daemon.ts";
import { ensureMachineImage } from "../host/local/image.ts";
import { installPackages, type MissingPackage, notInstalled } from "./apt-packages.ts";
import { keptFolder } from "./clone-paths.ts";
import { refuseElsewhere, refuseNoDaemon } from "./docker-client.ts";
import { joinDockerGroup, type StartAgain } from "./docker-group.ts";
import { cutShort } from "./dpkg-status.ts";
import { isCommand, isInstalled } from "./installed-program.ts";
import type { Say } from "./progress.ts";
import { runProgram } from "./run-program.ts";

/** What this computer lacks to run a local machine, before anything is touched. */
export interface Lacking {
  /** Installed with apt in any case. */
  readonly now: readonly MissingPackage[];
  /** Installed with apt only when Docker comes without its client. */
  readonly client: readonly MissingPackage[];
  /** Installed with apt only when no registry gives a Debian image. */
  readonly perhaps: readonly MissingPackage[];
}

/**
 * Looks at what is here; changes nothing.
 *
 * @throws HostError `unreachable` where there is a Docker that is not this one's to bring up, or to install something over
 */
export async function findLacking(): Promise<Lacking> {
  const [docker, mmdebstrap] = await Promise.all(["docker", "mmdebstrap"].map(isCommand));
  const refusal = docker ? await dockerRefusal() : undefined;
  const answers = docker && !refusal;
  if (answers) await refuseElsewhere();
  const now: MissingPackage[] = [];
  if (!answers) {
    // A program may be there and its package not set up, where an installation was killed.
    const begun = await cutShort(names([daemon, appArmor, client]));
    const whole = !begun.includes(daemon.name) && !begun.includes(client.name);
    // One who may not use it has a daemon.
    if (refusal && refusal.kind !== "auth" && whole) await refuseNoDaemon(refusal);
    if (!docker || begun.includes(daemon.name)) now.push(daemon);
    if (begun.includes(appArmor.name) || (now.length > 0 && (await lacksAppArmor()))) now.push(appArmor);
    if (begun.includes(client.name)) now.push(client);
  }
  const image = answers && (await hasBaseImage());
  const made = image || (mmdebstrap && (await cutShort(names(makes))).length === 0);
  return {
    now,
    client: docker || now.includes(client) ? [] : [client],
    perhaps: made ? [] : await notInstalled(makes),
  };
}

const daemon = { name: "docker.io", reason: "runs the local machine; no Docker daemon answers here" };
const appArmor = { name: "apparmor", reason: "this kernel has AppArmor on, and Docker then needs it" };
// Debian 13 has the client in a package of its own, which docker.io only recommends.
const client = { name: "docker-cli", reason: "talks to Docker, where docker.io does not bring it" };
const makes = [
  { name: "mmdebstrap", reason: "makes a Debian base image where no container registry gives one" },
  { name: "debian-archive-keyring", reason: "checks the packages that go into it" },
];

/** Around what apt is about to bring, so that a caller can note it before it does. */
type BringingPackages = (names: readonly string[], work: () => Promise<void>) => Promise<void>;

interface DockerSetup {
  /** Where a daemon that must be started here is noted. @default the folder the quick start keeps */
  readonly directory?: string;
  readonly packages?: BringingPackages;
  /** Told which groups this user has joined. */
  readonly note?: (made: { groups: string[] }) => Promise<void>;
}

/**
 * Brings Docker up.
 *
 * @returns how; `started` means that this run started a daemon of its own
 */
export async function prepareDocker(
  lacking: Lacking,
  say: Say,
  { directory = keptFolder, packages = (_, work) => work(), note = async () => {} }: DockerSetup = {},
): Promise<"answers" | "service" | "started" | StartAgain> {
  await packages(names(lacking.now), () => installPackages(lacking.now, say));
  if (!(await isCommand("docker"))) await packages(names(lacking.client), () => installPackages(lacking.client, say));
  const again = await joinDockerGroup(say);
  if (again) {
    await note({ groups: ["docker"] });
    return again;
  }
  return ensureDockerDaemon({ directory, log: say });
}

interface ImageSetup {
  /** Where a base image is made. @default the folder the quick start keeps */
  readonly directory?: string;
  /** Around whatever brings an image to this computer. */
  readonly bringing?: Bringing;
  readonly packages?: BringingPackages;
}

/** Makes or finds the image that local machines start from. */
export async function prepareImage(
  lacking: Lacking,
  say: Say,
  { directory = keptFolder, bringing, packages = (_, work) => work() }: ImageSetup = {},
): Promise<void> {
  try {
    await ensureMachineImage({ log: say, directory, bringing });
  } catch (error) {
    if (!(error instanceof NoBaseImage) || lacking.perhaps.length === 0) throw error;
    say(`installing ${names(lacking.perhaps).join(", ")} to make one`);
    await packages(names(lacking.perhaps), () => installPackages(lacking.perhaps, say)).catch((failed: Error) => {
      if (isCancelled(failed)) throw failed;
      throw new Error(`${error.details.summary}\n  said  ${error.details.said}\n${failed.message}`, { cause: failed });
    });
    await ensureMachineImage({ log: say, directory, bringing });
  }
}

function names(packages: readonly MissingPackage[]): string[] {
  return packages.map(({ name }) => name);
}

async function hasBaseImage(): Promise<boolean> {
  const filter = ["--filter", "label=nemoclaw.kind=machine-image", "--filter", "label=nemoclaw.kind=base-image"];
  const [ours, usual] = await Promise.all([
    Promise.all(
      [filter.slice(0, 2), filter.slice(2)].map((one) => runProgram(["docker", "image", "ls", "--quiet", ...one])),
    ),
    runProgram(["docker", "image", "inspect", "debian:bookworm-slim"]),
  ]);
  return usual.exitCode === 0 || ours.some(({ stdout }) => stdout.trim() !== "");
}

/**
 * Whether this kernel has AppArmor on, and nothing that loads profiles into it.
 *
 * @param folders where that may be beside this user's PATH
 */
export async function lacksAppArmor(folders?: readonly string[]): Promise<boolean> {
  const [on, parser] = await Promise.all([
    runProgram(["cat", "/sys/module/apparmor/parameters/enabled"]),
    isInstalled("apparmor_parser", folders),
  ]);
  return on.stdout.trim() === "Y" && !parser;
}
