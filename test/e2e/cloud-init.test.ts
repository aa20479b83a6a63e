import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type MachineChoice, provideMachine } from "../../components/machine/provide-machine.ts";
import { newKeyPair } from "../../host/openssh-key.ts";
import { connectTo } from "../../host/pool.ts";
import { presentedKeys } from "../../host/presented-keys.ts";
import { ensure } from "../../host/step.ts";
import { bareKey } from "../../host/steps/machine-identity.ts";
import { ensureSystemUser } from "../../host/steps/system-user.ts";
import { parse } from "../../policies/parse.ts";
import { machineIdentity } from "../../provider/handlers/machine-identity.ts";
import { workspace } from "../../provider/handlers/workspace.ts";
import { machineSettings } from "../../stacks/machine-kinds/index.ts";
import { ContainerMachine } from "../support/container-machine.ts";
import { declare } from "../support/declared-graph.ts";

/** Each cloud's document, as its component renders it, on the distribution's own cloud-init, in a container machine. */

const user = "nemoclaw-admin";
const lines: string[] = [];
const progress = () => ({ log: (line: string) => void lines.push(line), signal: AbortSignal.timeout(280_000) });

const clouds = {
  aws: {
    settings: {
      kind: "aws",
      region: "eu-central-1",
      zone: "eu-central-1a",
      instanceType: "g6.xlarge",
      image: { id: "ami-0123456789abcdef0" },
    },
    userData: ({ userData }: Record<string, unknown>) => userData,
    // What of it is for this cloud alone, and is on the machine afterwards.
    left: { ask: "grep -c by-id/nvme-Amazon_Elastic_Block_Store_ /etc/fstab", said: "1" },
  },
  gcp: {
    settings: {
      kind: "gcp",
      project: "my-project-123",
      zone: "europe-west4-a",
      machineType: "g2-standard-8",
      image: { name: "projects/debian-cloud/global/images/debian-12-bookworm-v20261110" },
    },
    userData: ({ metadata }: Record<string, unknown>) => (metadata as Record<string, unknown>)["user-data"],
    left: {
      ask: "cat /etc/default/instance_configs.cfg; grep -c by-id/google-nemoclaw-data /etc/fstab",
      said: "[InstanceSetup]\nset_host_keys = false\n1",
    },
  },
};

describe.each(["aws", "gcp"] as const)(
  "the first boot of a machine on %s (a container with a seed folder)",
  (cloud) => {
    const box = new ContainerMachine(cloud);
    const [bootstrap, final] = [newKeyPair(), newKeyPair()];

    const settled = () => box.machine({ user, hostKeys: [final.public] });
    const said = async (script: string) =>
      (await (await connectTo(settled())).run({ title: "look", script })).stdout.trim().split("\n");

    beforeAll(async () => {
      const keys = { "machine-bootstrap-key": bootstrap, "machine-host-key": final, "machine-user-key": box.userKey };
      const seed = await userDataOf(cloud, keys);
      await box.make();
      const host = await box.connect();
      await host.apply("an image with cloud-init", [
        { title: "install cloud-init, and a seed for it", script: install, stdin: seed, timeoutSeconds: 280 },
        { title: "keep a data disk of another machine", script: keptDisk },
        ...(cloud === "aws" ? [{ title: "let it restart as a driver's installation does", script: restartOnce }] : []),
      ]);
      // For the first time, as cloud-init sees it.
      await box.restart();
    });

    afterAll(() => box.remove());

    it("gives it the bootstrap key and the user, and is waited for; then it has the final key alone", async () => {
      const first = box.machine({ user, hostKeys: [final.public, bootstrap.public] });
      const hostKey = { publicKey: final.public, privateKey: final.private };
      const { state } = await machineIdentity.create({ machine: first, hostKey, ready: true }, progress());
      expect(state).toMatchObject({ ready: true, hostKeys: [final.public] });
      if (cloud === "aws") expect(lines.join("\n")).toMatch(/first boot is over, after (a|\d+) restart/);

      expect(await machineIdentity.read("", state, progress())).toMatchObject({ ready: true });
      const keys = await presentedKeys(box.made.address, box.made.port);
      expect(keys.map(({ line }) => line)).toEqual([bareKey(final.public)]);
      // That user data's key was there at first is what the connection proved; its file stays, unused.
      expect(
        await said(`cloud-init status | head -n 1
findmnt -n -o TARGET /var/lib/nemoclaw
ssh-keygen -y -f /etc/ssh/ssh_host_ed25519_key | cut -d' ' -f1,2`),
      ).toEqual(["status: done", "/var/lib/nemoclaw", bareKey(bootstrap.public)]);
      const valid = await said("cloud-init schema --config-file /var/lib/cloud/seed/nocloud/user-data 2>&1");
      expect(valid.join("\n")).toMatch(/^Valid cloud-config/);
      expect(await said(clouds[cloud].left.ask)).toEqual(clouds[cloud].left.said.split("\n"));
    });

    it("finds the agent's files on the data disk of the machine before, and gives them to the agent of this one", async () => {
      const host = await connectTo(settled());
      await ensure(host, ensureSystemUser({ name: "nemoclaw-sandbox" }));
      const inputs = { machine: settled(), sandbox: "main", keep: false, ownedByAgent: true };
      const before = await workspace.read("", { ...inputs, path: "" }, progress());
      expect(before).toMatchObject({ ownedByAgent: false });

      const { id, state } = await workspace.create(inputs, progress());
      expect(state).toMatchObject({ ownedByAgent: true, path: "/var/lib/nemoclaw/main/workspace" });
      const all = "find /var/lib/nemoclaw/main/workspace -printf '%u %g %P\\n' | sort -k3";
      expect(await said(all)).toEqual(
        ["", "deep", "deep/er", "deep/er/notes.md", "to-hostname"].map(
          (path) => `nemoclaw-sandbox nemoclaw-sandbox ${path}`,
        ),
      );
      expect(await said("cat /var/lib/nemoclaw/main/workspace/deep/er/notes.md; stat -Lc %U /etc/hostname")).toEqual([
        "from the machine before",
        "root",
      ]);

      await host.apply("somebody's slip", [
        { title: "give it away", script: "chown -R 4711:4711 /var/lib/nemoclaw/main/workspace" },
      ]);
      expect(await workspace.read(id, state, progress())).toMatchObject({ ownedByAgent: false });
      expect(await workspace.update(id, inputs, state, progress())).toMatchObject({ ownedByAgent: true });
      expect(await said(`${all} | grep -cv ^nemoclaw-sandbox || :`)).toEqual(["0"]);
    });

    it("tells, with cloud-init's own words and log, of a first boot whose data disk did not come", async () => {
      const host = await connectTo(settled());
      await host.apply("a machine before its first boot, without its disk", [
        {
          title: "forget the first boot",
          script: withoutDisk,
        },
      ]);
      await box.restart();
      const hostKey = { publicKey: final.public, privateKey: final.private };
      const inputs = { machine: settled(), hostKey, ready: true };
      const told = await machineIdentity
        .update("", inputs, { ...inputs, hostKeys: [final.public] }, progress())
        .then(() => "it was taken for done", String);
      expect(told).toContain("cloud-init ended with an error");
      expect(told).toMatch(/var-lib-nemoclaw\.mount|runcmd/);
      expect(told).not.toContain("PRIVATE KEY");
    });
  },
);

type Keys = Readonly<Record<string, ReturnType<typeof newKeyPair>>>;

/** What the machine's component gives to the cloud, with these keys in place of those that the engine would make. */
async function userDataOf(cloud: keyof typeof clouds, keys: Keys): Promise<string> {
  const { settings, userData } = clouds[cloud];
  const checked = parse(machineSettings, settings);
  if (checked.faults) throw new Error(JSON.stringify(checked.faults));
  const resources = await declare(() => provideMachine("machine", checked.value as MachineChoice), {
    outputs: (type, name) => {
      const key = type.endsWith(":SshKeyPair") ? keys[name] : undefined;
      return key ? { publicKey: key.public, privateKey: key.private } : {};
    },
  });
  const instance = resources.find(({ type }) => type.endsWith(":Instance"));
  const text = instance && userData(instance.inputs);
  if (typeof text !== "string") throw new Error(`the ${cloud} machine was given no user data`);
  return text;
}

// A mount unit of this name wins over the one that fstab makes: a container has no disks, so a folder stands in for one.
const install = `cat >/tmp/user-data
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends cloud-init locales
install -d /var/lib/cloud/seed/nocloud
mv /tmp/user-data /var/lib/cloud/seed/nocloud/user-data
printf 'instance-id: i-test\\n' >/var/lib/cloud/seed/nocloud/meta-data
printf 'datasource_list: [NoCloud, None]\\nnetwork: {config: disabled}\\nlocale: C.UTF-8\\n' >/etc/cloud/cloud.cfg.d/90-seed.cfg
cat >/etc/systemd/system/var-lib-nemoclaw.mount <<'END'
[Mount]
What=/srv/data-disk
Where=/var/lib/nemoclaw
Type=none
Options=bind
END`;

const withoutDisk = `umount /var/lib/nemoclaw
printf '[Mount]\\nWhat=/srv/nothing\\nWhere=/var/lib/nemoclaw\\nType=ext4\\n' >/etc/systemd/system/var-lib-nemoclaw.mount
cloud-init clean --logs`;

// Here the number that the agent had over there is another user's.
const keptDisk = `mkdir -p /srv/data-disk/main/workspace/deep/er
cd /srv/data-disk/main/workspace
echo 'from the machine before' >deep/er/notes.md
ln -s /etc/hostname to-hostname
chown -RhP 4711:4711 .
chmod 0750 .
useradd --system --uid 4711 --user-group --no-create-home nemoclaw-gate`;

// Once somebody waits for the first boot over the final key, in the middle of it.
const restartOnce = `install -d /var/lib/cloud/scripts/per-once
cat >/var/lib/cloud/scripts/per-once/driver <<'END'
#!/bin/sh
test ! -e /srv/restarted || exit 0
for _ in $(seq 120); do
  test "$(journalctl -u ssh -o cat | grep -c 'Accepted publickey for nemoclaw-admin')" -lt 2 || break
  sleep 1
done
touch /srv/restarted
systemctl reboot
sleep 60
END
chmod 0755 /var/lib/cloud/scripts/per-once/driver`;
