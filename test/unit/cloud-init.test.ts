import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { cloudConfig, dataFolder, userDataLimit } from "../../components/machine/cloud-init.ts";
import { newKeyPair } from "../../host/openssh-key.ts";

const host = newKeyPair("bootstrap");
const login = newKeyPair("user");
const boot = {
  user: "nemoclaw-admin",
  authorizedKey: login.public,
  hostKey: { publicKey: host.public, privateKey: host.private },
  dataDevice: "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0",
};
const gcpFile = { path: "/etc/default/instance_configs.cfg", content: "[InstanceSetup]\nset_host_keys = false\n" };
const documents = { AWS: cloudConfig(boot), GCP: cloudConfig({ ...boot, files: [gcpFile] }) };

describe.each(Object.entries(documents))("the first boot on %s", (_cloud, text) => {
  const document = parse(text);

  test("is cloud-init's own kind of document, and far below what a cloud takes", () => {
    expect(text.startsWith("#cloud-config\n")).toBe(true);
    expect(Buffer.byteLength(text)).toBeLessThan(userDataLimit / 4);
  });

  test("gives the machine the bootstrap host key, whole, and deletes the image's", () => {
    expect(document.ssh_keys).toEqual({ ed25519_private: host.private, ed25519_public: host.public });
    expect(document.ssh_deletekeys).toBe(true);
  });

  test("lets one user in, by key only", () => {
    expect(document).toMatchObject({ disable_root: true, ssh_pwauth: false });
    expect(document.users).toEqual([
      expect.objectContaining({ name: "nemoclaw-admin", lock_passwd: true, ssh_authorized_keys: [login.public] }),
    ]);
  });

  test("holds one secret, and that one is worth nothing after the first connection", () => {
    expect(text.match(/PRIVATE KEY-----/g)).toHaveLength(2);
    expect(text).not.toContain(login.private.split("\n")[2]);
    expect(text).not.toMatch(/token|password:|api_?key/i);
  });

  test("makes a file system on the data disk only when there is none, and waits for it", () => {
    const fstab = document.write_files.find(({ path }: { path: string }) => path === "/etc/fstab");
    expect(fstab).toMatchObject({ append: true });
    expect(fstab.content).toBe(
      `${boot.dataDevice} ${dataFolder} ext4 defaults,nofail,x-systemd.makefs,x-systemd.growfs,x-systemd.device-timeout=600 0 2\n`,
    );
    expect(document.runcmd).toEqual([
      ["systemctl", "daemon-reload"],
      ["systemctl", "start", "var-lib-nemoclaw.mount"],
    ]);
  });

  test("is valid for the distribution's own cloud-init", ({ skip }) => {
    if (spawnSync("cloud-init", ["--version"]).error) skip("cloud-init is not installed here");
    const folder = mkdtempSync(join(tmpdir(), "nemoclaw-cloud-init-"));
    try {
      const file = join(folder, "user-data");
      writeFileSync(file, text);
      const said = execFileSync("cloud-init", ["schema", "--config-file", file], { encoding: "utf8", stdio: "pipe" });
      expect(said).toMatch(/valid/i);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test("what is too large is refused before a cloud does", () => {
  const files = [{ path: "/etc/large", content: "x".repeat(userDataLimit) }];
  expect(() => cloudConfig({ ...boot, files })).toThrow(/a cloud takes less than 16384/);
});

test("a mount unit of this name is where the data disk goes", ({ skip }) => {
  const unit = spawnSync("systemd-escape", ["--path", "--suffix=mount", dataFolder], { encoding: "utf8" });
  if (unit.error) skip("systemd-escape is not installed here");
  expect(unit.stdout.trim()).toBe("var-lib-nemoclaw.mount");
});
