import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cloudConfig } from "../../components/machine/cloud-init.ts";
import { docker } from "../../host/local/docker.ts";
import { createLocalMachine, type LocalMachine } from "../../host/local/machine.ts";
import { sweepLocal } from "../../host/local/sweep.ts";
import { newKeyPair } from "../../host/openssh-key.ts";
import { closeAll, connectTo } from "../../host/pool.ts";
import { presentedKeys } from "../../host/presented-keys.ts";
import { Sensitive } from "../../host/sensitive.ts";
import { bareKey } from "../../host/steps/machine-identity.ts";
import { machineIdentity } from "../../provider/handlers/machine-identity.ts";
import { testStackPrefix } from "../../scripts/test-things.ts";

/** A cloud machine's document on the distribution's own cloud-init, in a container machine; the data disk is a stand-in. */

const run = Math.random().toString(36).slice(2, 8);
const owner = { project: "nemoclaw-test", stack: `${testStackPrefix}-cloud`, installation: run };
const name = `nemoclaw-cloud-${run}`;
const [image, bootstrap, final, userKey] = [newKeyPair(), newKeyPair(), newKeyPair(), newKeyPair()];
const user = "nemoclaw-admin";
const said: string[] = [];
const progress = () => ({ log: (line: string) => void said.push(line), signal: AbortSignal.timeout(280_000) });

let local: LocalMachine;

beforeAll(async () => {
  local = await createLocalMachine({
    name,
    owner,
    network: name,
    hostKey: { publicKey: image.public, privateKey: new Sensitive(image.private) },
    authorizedKey: userKey.public,
  });
  const { address, port } = local;
  const arch = process.arch === "arm64" ? ("arm64" as const) : ("amd64" as const);
  const reach = { address, port, user: local.user, hostKeys: [image.public], privateKey: userKey.private };
  const host = await connectTo({ ...reach, id: name, arch, gpu: "none", owner }, { connectSeconds: 60 });
  const userData = cloudConfig({
    user,
    authorizedKey: userKey.public,
    hostKey: { publicKey: bootstrap.public, privateKey: bootstrap.private },
    dataDevice: "/dev/disk/by-id/a-stand-in",
  });
  await host.apply("an image with cloud-init", [
    { title: "install cloud-init, and a seed for it", script: install, stdin: userData, timeoutSeconds: 280 },
  ]);
  await closeAll();
  await docker(["restart", local.containerId], { what: "boot the machine for the first time" });
});

afterAll(async () => {
  await closeAll();
  await sweepLocal(owner);
});

describe("the first boot of a cloud machine (a container with a seed folder for a cloud)", () => {
  it("gives it the bootstrap key and the user, and is waited for; then it has the final key alone", async () => {
    const { address, port } = local;
    const arch = process.arch === "arm64" ? ("arm64" as const) : ("amd64" as const);
    const machine = { id: name, address, port, user, privateKey: userKey.private, arch, gpu: "none" as const, owner };
    const first = { ...machine, hostKeys: [final.public, bootstrap.public] };
    const hostKey = { publicKey: final.public, privateKey: final.private };
    const { state } = await machineIdentity.create({ machine: first, hostKey, ready: true }, progress());
    expect(state).toMatchObject({ ready: true, hostKeys: [final.public] });

    const keys = await presentedKeys(address, port);
    expect(keys.map(({ line }) => line)).toEqual([bareKey(final.public)]);
    const host = await connectTo({ ...machine, hostKeys: [final.public] });
    const { stdout } = await host.run({
      title: "how the first boot went",
      script: `cloud-init status | head -n 1
findmnt -n -o TARGET /var/lib/nemoclaw
ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key | cut -d' ' -f1,2`,
    });
    // That user data's key was there at first is what the connection proved; its file stays, unused.
    expect(stdout.trim().split("\n")).toEqual(["status: done", "/var/lib/nemoclaw", bareKey(bootstrap.public)]);
  });
});

// A mount unit of this name wins over the one that fstab makes: a container has no disks.
const install = `cat >/tmp/user-data
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends cloud-init locales
install -d /var/lib/cloud/seed/nocloud
mv /tmp/user-data /var/lib/cloud/seed/nocloud/user-data
printf 'instance-id: i-test\\n' >/var/lib/cloud/seed/nocloud/meta-data
printf 'datasource_list: [NoCloud, None]\\nnetwork: {config: disabled}\\nlocale: C.UTF-8\\n' >/etc/cloud/cloud.cfg.d/90-seed.cfg
cat >/etc/systemd/system/var-lib-nemoclaw.mount <<'END'
[Mount]
What=tmpfs
Where=/var/lib/nemoclaw
Type=tmpfs
END`;
