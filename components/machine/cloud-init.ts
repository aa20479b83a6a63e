import { stringify } from "yaml";

/** What a cloud machine is told before its first boot. */
export interface FirstBoot {
  /** The user that this stack logs in as; made with the right to `sudo` and without a password. */
  readonly user: string;
  /** The OpenSSH public key that may log in. */
  readonly authorizedKey: string;
  /**
   * The bootstrap host key. Whoever can read user data can read it, so it is worth something only until the final key takes
   * its place over the first connection.
   */
  readonly hostKey: { readonly publicKey: string; readonly privateKey: string };
  /** The stable path of the data disk: `/dev/disk/by-id/…`. It is given a file system only when it is empty. */
  readonly dataDevice: string;
  /** Further files of this cloud. */
  readonly files?: readonly { readonly path: string; readonly content: string }[];
}

/** Where the data disk is mounted: what the stack keeps when the machine is replaced. */
export const dataFolder = "/var/lib/nemoclaw";

/** Services that keep files there. */
const services = ["sandbox", "gate", "route", "bridge"].map((part) => `nemoclaw-${part}@`);

/** What both clouds take at most, in bytes. */
export const userDataLimit = 16 * 1024;

/**
 * The cloud-init document of a machine's first boot.
 *
 * @throws Error when it is larger than a cloud takes
 *
 * @example
 * const userData = cloudConfig({ user: "nemoclaw-admin", authorizedKey, hostKey, dataDevice });
 */
export function cloudConfig({ user, authorizedKey, hostKey, dataDevice, files = [] }: FirstBoot): string {
  const document = {
    users: [
      {
        name: user,
        gecos: "made by a NemoClaw stack",
        sudo: "ALL=(ALL) NOPASSWD:ALL",
        shell: "/bin/bash",
        lock_passwd: true,
        ssh_authorized_keys: [authorizedKey],
      },
    ],
    disable_root: true,
    ssh_pwauth: false,
    // Keys that the image brings are deleted; with a key of our own given, cloud-init makes none besides.
    ssh_deletekeys: true,
    ssh_keys: { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey },
    write_files: [
      ...files.map((file) => ({ ...file, permissions: "0644" })),
      // Not cloud-init's own disk setup: it passes over a disk that is attached a little after the machine starts.
      { path: "/etc/fstab", append: true, content: `${fstabLine(dataDevice)}\n` },
      // A unit that started before the disk is there would write below its mount point, and lose that afterwards.
      // Not all that is called nemoclaw-: what prepares the machine must run, and tell, when the disk does not come.
      ...services.map((name) => ({
        path: `/etc/systemd/system/${name}.service.d/data-disk.conf`,
        permissions: "0644",
        content: `[Unit]\nRequiresMountsFor=${dataFolder}\n`,
      })),
    ],
    runcmd: [
      ["systemctl", "daemon-reload"],
      ["systemctl", "start", "var-lib-nemoclaw.mount"],
    ],
  };
  const text = `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
  const size = Buffer.byteLength(text);
  if (size >= userDataLimit)
    throw new Error(`the user data has ${size} bytes; a cloud takes less than ${userDataLimit}`);
  return text;
}

// makefs leaves alone whatever is recognised on the disk; nofail lets the machine be reached when the disk is missing.
function fstabLine(device: string): string {
  const options = "defaults,nofail,x-systemd.makefs,x-systemd.growfs,x-systemd.device-timeout=600";
  return `${device} ${dataFolder} ext4 ${options} 0 2`;
}
