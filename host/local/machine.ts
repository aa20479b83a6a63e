/**
 * The disposable local machine: a container with systemd as PID 1 and sshd, reached over SSH like any other.
 *
 * - `createLocalMachine({ name, owner, network, hostKey, authorizedKey, image?, memory?, ca?, log?, signal? })`
 *   → `{ containerId, address: "127.0.0.1", port, user: "admin", running, image, memory, hostKey, authorizedKey, … }`
 * - `readLocalMachine(containerId)` → the same, as observed, or `undefined` when it is gone
 * - `updateLocalMachine({ containerId, owner, memory? })` starts a stopped one and sets its memory
 * - `stopLocalMachine(containerId, owner)`
 * - `deleteLocalMachine({ containerId?, name, owner, network })`: container, volume and, when unused, the network
 */
import { HostError } from "../errors.ts";
import type { Owner } from "../machine.ts";
import type { Sensitive } from "../sensitive.ts";
import { trustFiles } from "./certificates.ts";
import {
  type ContainerState,
  launch,
  readContainer,
  removeContainer,
  startContainer,
  stopContainer,
} from "./container.ts";
import { docker } from "./docker.ts";
import type { Log } from "./heartbeat.ts";
import { ensureMachineImage } from "./image.ts";
import { labelArguments, ownerLabels, requireOwned } from "./labels.ts";
import { deleteNetwork, ensureNetwork } from "./network.ts";
import { mustStayUp } from "./stays-up.ts";
import { type TarFile, tar } from "./tar.ts";
import { deleteVolumes, ensureVolume } from "./volume.ts";

export interface LocalMachineArgs {
  /** Container and host name: letters, digits, `-`, `_`, `.`. */
  readonly name: string;
  readonly owner: Owner;
  /** Docker network to be on; made when missing. */
  readonly network: string;
  /** Made by the stack, so that nothing is trusted on first use. OpenSSH format, both. */
  readonly hostKey: { readonly publicKey: string; readonly privateKey: Sensitive };
  /** OpenSSH public key that may log in as `admin`. */
  readonly authorizedKey: string;
  /** Image to start from. @default the one `ensureMachineImage` finds or builds */
  readonly image?: string;
  /** Memory limit of the whole machine, Docker's spelling: `8g`. @default none */
  readonly memory?: string;
  /** PEM text of authorities the machine trusts beyond the public ones; a whole system bundle may be given. */
  readonly ca?: string;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}

/** A local machine as observed. */
export interface LocalMachine {
  readonly containerId: string;
  readonly name: string;
  readonly address: "127.0.0.1";
  /** Published on this computer's loopback; the same for the machine's whole life. */
  readonly port: number;
  readonly user: "admin";
  readonly running: boolean;
  /** Id of the image it was made from. */
  readonly image: string;
  /** Bytes; 0 = no limit. */
  readonly memory: number;
  readonly hostPublicKey: string;
  readonly labels: Readonly<Record<string, string>>;
  /** When it was last started, as Docker says it. */
  readonly startedAt: string;
}

const user = "admin";

/** Where its own Docker keeps images: overlay file systems, which cannot lie on the container's own. Docker 29 has them in containerd. */
const imageStores = ["docker", "containerd"] as const;

/**
 * Makes a machine and starts it; sshd answers a second or two later. A half-made one of the same owner is replaced.
 *
 * @throws HostError `foreign` when the name, volume or network is somebody else's; `unreachable` without Docker
 */
export async function createLocalMachine(args: LocalMachineArgs): Promise<LocalMachine> {
  const { name, owner, network, signal, log = () => {} } = args;
  const existing = await readContainer(name, signal);
  if (existing) requireOwned(owner, "container", name, existing.labels);
  const image = args.image ?? (await ensureMachineImage({ log, signal })).reference;
  await removeContainer(name, owner, signal);
  await deleteVolumes(owner, { "nemoclaw.machine": name }, signal);
  try {
    const made = await make(args, image);
    await mustStayUp(made, signal);
    return observed(made);
  } catch (error) {
    // No state will know of these; a failed clean-up must not hide why.
    await deleteLocalMachine({ name, owner, network }).catch(() => {});
    throw error;
  }
}

async function make(args: LocalMachineArgs, image: string): Promise<ContainerState> {
  const { name, owner, network, signal } = args;
  const labels = { ...ownerLabels(owner), "nemoclaw.kind": "machine", "nemoclaw.machine": name };
  await ensureNetwork({ name: network, owner, signal });
  const volumes = await Promise.all(
    imageStores.map(
      async (store) => `${await ensureVolume({ name: `${name}-${store}`, owner, labels, signal })}:/var/lib/${store}`,
    ),
  );
  const start = (guards: readonly string[]) =>
    launch({
      name,
      owner,
      publish: [22],
      create: [
        ...["--hostname", hostname(name), "--network", network, "--restart", "unless-stopped"],
        ...labelArguments({ ...labels, "nemoclaw.host-key": bareKey(args.hostKey.publicKey) }),
        ...likeAMachine,
        ...guards,
        ...volumes.flatMap((volume) => ["--volume", volume]),
        ...(args.memory ? ["--memory", args.memory] : []),
        image,
      ],
      prepare: (id) => inject(id, args),
      signal,
    });
  try {
    return await start(withoutResourceRight);
  } catch (error) {
    // Newer releases of Docker refuse to drop what this computer has not got, and older ones to start with it.
    if (!(error instanceof HostError) || !error.details.said?.includes("invalid CapDrop")) throw error;
    return start([]);
  }
}

/** `undefined` when it is gone, for instance removed by hand. */
export async function readLocalMachine(containerId: string, signal?: AbortSignal): Promise<LocalMachine | undefined> {
  const state = await readContainer(containerId, signal);
  return state && observed(state);
}

/** Starts it when it is stopped; sets the memory limit when one is given. */
export async function updateLocalMachine(a: {
  containerId: string;
  owner: Owner;
  memory?: string;
  signal?: AbortSignal;
}): Promise<LocalMachine> {
  await startContainer(a.containerId, a.owner, a.signal);
  if (a.memory) {
    await docker(["update", "--memory", a.memory, "--memory-swap", "-1", a.containerId], {
      what: `set the memory of ${a.containerId}`,
      signal: a.signal,
    });
  }
  const state = await readContainer(a.containerId, a.signal);
  if (!state) throw new Error(`the local machine ${a.containerId} vanished while it was updated`);
  return observed(state);
}

export const stopLocalMachine = stopContainer;

/** Removes the machine and all that came with it; what is already gone is fine. */
export async function deleteLocalMachine(a: {
  containerId?: string;
  name: string;
  owner: Owner;
  network: string;
  signal?: AbortSignal;
}): Promise<void> {
  await removeContainer(a.containerId ?? a.name, a.owner, a.signal);
  // Made anew under the same name in the meantime: the volume is the new one's.
  if (await readContainer(a.name, a.signal)) return;
  await deleteVolumes(a.owner, { "nemoclaw.machine": a.name }, a.signal);
  await deleteNetwork({ name: a.network, owner: a.owner, signal: a.signal });
}

/** Docker cannot give it where this computer itself has not got it, as in some containers. */
const withoutResourceRight = ["--cap-drop", "SYS_RESOURCE"];

/** What lets systemd, Docker and sandboxes run inside. Not `--privileged`, which gives CAP_SYS_RESOURCE too. */
const likeAMachine = [
  ...["--cap-add", "ALL", "--cgroupns", "private"],
  ...["seccomp", "systempaths", "apparmor"].flatMap((guard) => ["--security-opt", `${guard}=unconfined`]),
  ...["/run:exec,mode=755", "/run/lock", "/tmp:exec,mode=1777"].flatMap((at) => ["--tmpfs", at]),
];

/** Keys go in as files before the first start: what is in the environment or the arguments, `docker inspect` shows. */
async function inject(
  containerId: string,
  { hostKey, authorizedKey, ca, name, signal }: LocalMachineArgs,
): Promise<void> {
  const keyFile = `etc/ssh/ssh_host_${keyType(hostKey.publicKey)}_key`;
  const files: TarFile[] = [
    { path: keyFile, content: `${hostKey.privateKey.reveal().trimEnd()}\n`, mode: 0o600 },
    { path: `${keyFile}.pub`, content: `${hostKey.publicKey.trimEnd()}\n` },
    { path: `etc/ssh/authorized_keys/${user}`, content: `${authorizedKey.trimEnd()}\n` },
    ...(ca ? trustFiles(ca, await ownBundle(containerId, signal)) : []),
  ];
  await docker(["cp", "-", `${containerId}:/`], { what: `put the keys into ${name}`, input: tar(files), signal });
}

/** Comes as an archive; its text is in there as it is. */
function ownBundle(containerId: string, signal?: AbortSignal): Promise<string> {
  return docker(["cp", `${containerId}:/etc/ssl/certs/ca-certificates.crt`, "-"], {
    what: "read the authorities the machine trusts already",
    signal,
  });
}

function observed(state: ContainerState): LocalMachine {
  const { containerId, name, running, image, memory, labels, startedAt } = state;
  const hostPublicKey = labels["nemoclaw.host-key"] ?? "";
  const port = state.ports[22] ?? 0;
  return {
    containerId,
    name,
    address: "127.0.0.1",
    port,
    user,
    running,
    image,
    memory,
    hostPublicKey,
    labels,
    startedAt,
  };
}

/** A key that OpenSSH cannot load would only show as a machine whose sshd never answers. */
function keyType(publicKey: string): "ed25519" | "ecdsa" | "rsa" {
  const [type = "", encoded = ""] = publicKey.trim().split(/\s+/);
  const bytes = Buffer.from(encoded, "base64").length;
  if (type === "ssh-ed25519" && bytes === 51) return "ed25519";
  if (type.startsWith("ecdsa-") && bytes > 0) return "ecdsa";
  if (type === "ssh-rsa" && bytes > 0) return "rsa";
  throw new Error(`not a whole OpenSSH public key (ssh-ed25519 AAAA…), so no host key: ${type}, ${bytes} bytes`);
}

function bareKey(publicKey: string): string {
  return publicKey.trim().split(/\s+/).slice(0, 2).join(" ");
}

function hostname(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, "-")
    .slice(0, 63)
    .replace(/^-+|-+$/g, "");
}
