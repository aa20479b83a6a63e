import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensure } from "../../host/step.ts";
import { ensureNvidiaGpu, nvidiaGpuState } from "../../host/steps/nvidia-gpu.ts";
import { nvidiaGpu } from "../../provider/handlers/nvidia-gpu.ts";
import { ContainerMachine } from "../support/container-machine.ts";
import { signedRepository, signedRepositoryUri } from "../support/signed-repository.ts";

/**
 * GPU, driver and toolkit are stand-ins: what is real here is the machine, apt, gpg and the signed repository. No GPU was
 * ever seen by these tests.
 */

const box = new ContainerMachine("gpu");
const gpu = { model: "L4", count: 1 };
const uri = `${signedRepositoryUri}/nvidia`;

let fingerprint: string;

beforeAll(async () => {
  await box.make();
  const host = await connect();
  await host.apply("GPU and driver", [standIns]);
  const { stdout } = await host.run(toolkitRepository);
  fingerprint = stdout.trim();
  expect(fingerprint).toMatch(/^[0-9A-F]{40}$/);
});

afterAll(() => box.remove());

describe("the container toolkit from a signed repository (stand-ins for repository, driver and GPU)", () => {
  it("is not taken from a repository with another key", async () => {
    const wrong = fingerprint.replace(/^./, (digit) => (digit === "0" ? "1" : "0"));
    const step = ensureNvidiaGpu({ gpu, repository: { uri, fingerprint: wrong } });
    await expect(ensure(await connect(), step)).rejects.toThrow(`the key there is ${fingerprint}`);
    const { toolkit } = nvidiaGpuState(await (await connect()).look(step.facts));
    expect(toolkit).toBe("");
  });

  it("is installed, its devices are described, and the second time nothing is done", async () => {
    const host = await connect();
    const step = ensureNvidiaGpu({ gpu, repository: { uri, fingerprint } });
    const facts = await ensure(host, step);
    expect(nvidiaGpuState(facts)).toEqual({
      driver: "580.65.06",
      names: ["NVIDIA L4"],
      toolkit: "99.1",
      devices: ["nvidia.com/gpu=all"],
    });
    expect(step.plan(await host.look(step.facts))).toEqual([]);
  });

  it("has its devices described anew after a driver upgrade", async () => {
    const host = await connect();
    const step = ensureNvidiaGpu({ gpu, repository: { uri, fingerprint } });
    await host.apply("a driver upgrade", [
      { title: "another version", script: "sed -i 's/580[.]65[.]06/590.10.01/' /proc/driver/nvidia/version" },
    ]);
    const plan = step.plan(await host.look(step.facts)).map(({ title }) => title);
    expect(plan).toEqual(["describe the GPUs to container runtimes (CDI)"]);
    expect(nvidiaGpuState(await ensure(host, step)).driver).toBe("590.10.01");
  });

  it("is proven by a container that sees the GPUs, once at each change and at no look (a stand-in for Docker)", async () => {
    const host = await connect();
    await host.apply("a stand-in for Docker", [dockerStandIn]);
    const runs = async () => (await host.run({ title: "how often", script: "cat /run/docker-runs" })).stdout.trim();
    const progress = { log: () => {}, signal: AbortSignal.timeout(120_000) };
    const inputs = (count: number) => ({
      machine: box.machine({ gpu: { ...gpu, count } }),
      repository: { uri, fingerprint },
      usable: true,
    });
    const { id, state } = await nvidiaGpu.create(inputs(1), progress);
    expect(state).toMatchObject({ usable: true, names: ["NVIDIA L4"], toolkit: "99.1" });
    expect(await runs()).toBe("--device nvidia.com/gpu=all");
    expect(await nvidiaGpu.read(id, state, progress)).toMatchObject({ usable: true });
    expect(await runs()).toBe("--device nvidia.com/gpu=all");
    await expect(nvidiaGpu.update(id, inputs(2), state, progress)).rejects.toThrow("sees 1 of 2 GPUs");
    expect((await runs()).split("\n")).toHaveLength(2);
  });

  it("is refused, with nvidia-smi's words, when the driver does not see the GPU", async () => {
    const host = await connect();
    await host.apply("a broken driver", [
      { title: "break it", script: "printf '#!/bin/sh\\necho No devices were found\\nexit 6\\n' >/usr/bin/nvidia-smi" },
    ]);
    await expect(ensure(host, ensureNvidiaGpu({ gpu, repository: { uri, fingerprint } }))).rejects.toThrow(
      "No devices were found",
    );
    await expect(ensure(host, ensureNvidiaGpu({ gpu: "none" }))).resolves.toBeDefined();
  });
});

function connect() {
  return box.connect({ gpu });
}

// Notes what it was asked to run with, and answers for the container.
const dockerStandIn = {
  title: "put a stand-in for Docker",
  script: `cat >/usr/local/bin/docker
chmod 0755 /usr/local/bin/docker`,
  stdin: `#!/bin/sh
case $1 in
  import) cat >/dev/null ;;
  info) echo '["/etc/cdi","/var/run/cdi"]' ;;
  run) echo "$3 $4" >>/run/docker-runs; echo 'GPU 0: NVIDIA L4 (UUID: GPU-0)' ;;
esac
`,
};

// /proc is the kernel's: where the driver's version would be, a folder of the test's own is mounted.
const standIns = {
  title: "make stand-ins for GPU and driver",
  script: `mount -t tmpfs none /proc/driver
mkdir /proc/driver/nvidia
echo 'NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (a@test)' >/proc/driver/nvidia/version
printf '#!/bin/sh\\necho NVIDIA L4\\n' >/usr/bin/nvidia-smi
chmod 0755 /usr/bin/nvidia-smi
apt-get update`,
};

const toolkitRepository = signedRepository({
  folder: "nvidia/stable/deb/$(dpkg --print-architecture)",
  key: "nvidia/gpgkey",
  packages: `mkdir -p toolkit/DEBIAN toolkit/usr/bin
printf 'Package: nvidia-container-toolkit\\nVersion: 99.1\\nArchitecture: all\\nMaintainer: a test\\nDescription: a stand-in\\n' >toolkit/DEBIAN/control
cat >toolkit/usr/bin/nvidia-ctk <<'END'
#!/bin/sh
case "$*" in
  --version) echo 'NVIDIA Container Toolkit CLI version 99.1' ;;
  'cdi generate --output='*) cp /proc/driver/nvidia/version "\${3#--output=}" ;;
  'cdi list') test ! -e /etc/cdi/nvidia.yaml || echo nvidia.com/gpu=all ;;
esac
END
chmod 0755 toolkit/usr/bin/nvidia-ctk
dpkg-deb --build toolkit $pool`,
});
