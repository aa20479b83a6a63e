import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { gpuFacts } from "../../host/preflight/gpu.ts";
import type { Question } from "../../host/question.ts";
import { cdiDevices } from "../../host/steps/nvidia-cdi.ts";
import { ensureNvidiaGpu, type NvidiaFacts, nvidiaGpuState } from "../../host/steps/nvidia-gpu.ts";
import { proveNvidiaGpu } from "../../host/steps/nvidia-proof.ts";
import { nvidiaGpu } from "../../provider/handlers/nvidia-gpu.ts";
import { putProgram, withStandIns } from "../support/stand-ins.ts";

const gpu = { model: "L4", count: 1 };
const repository = { uri: "https://nvidia.example", fingerprint: "C95B321B61E88C1809C4F759DDCAE044F796ECB0" };
const seen: NvidiaFacts = {
  gpu: {
    devices: 1,
    beforeTuring: false,
    names: ["NVIDIA L4"],
    driver: "580.65.06",
    smi: { exitCode: 0, said: "NVIDIA L4" },
  },
  system: { distribution: "ubuntu", arch: "amd64", kernel: "6.8.0-60-generic" },
  toolkit: {
    packages: { installed: {}, known: [], fresh: true, interrupted: false },
    repository: { source: undefined, fingerprint: undefined },
    version: "1.19.0",
  },
  cdi: ["nvidia.com/gpu=all"],
};

describe("what is refused", () => {
  const smi = { exitCode: 9, said: "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver." };

  it.each<[string, Partial<NvidiaFacts>, string]>([
    ["a driver that does not see the GPU", { gpu: { ...seen.gpu, names: [], smi } }, smi.said],
    [
      "no GPU at all",
      { gpu: { devices: 0, beforeTuring: false, names: [], driver: "", smi: undefined } },
      "no NVIDIA GPU on its buses",
    ],
    [
      "a system whose driver we do not know",
      {
        gpu: { devices: 1, beforeTuring: false, names: [], driver: "", smi: undefined },
        system: { ...seen.system, distribution: "debian" },
      },
      "debian has none among its signed packages",
    ],
  ])("%s", (_, change, words) => {
    const plan = () => ensureNvidiaGpu({ gpu, repository }).plan({ ...seen, ...change });
    expect(plan).toThrow(expect.objectContaining({ kind: "command" }));
    expect(plan).toThrow(words);
  });

  it("a toolkit without its repository in the lock file", () => {
    const bare = { ...seen, toolkit: { ...seen.toolkit, version: "" } };
    expect(() => ensureNvidiaGpu({ gpu }).plan(bare)).toThrow("lock file");
  });
});

describe("what a machine says of its GPUs", () => {
  const parse = (stdout: string) => (gpuFacts as Question<NvidiaFacts["gpu"]>).parse({ stdout, exitCode: 0 });

  it.each<[string, string, NvidiaFacts["gpu"]]>([
    ["nothing", "devices 0\n", { devices: 0, beforeTuring: false, names: [], driver: "", smi: undefined }],
    [
      "a GPU without a driver",
      "devices 2\n",
      { devices: 2, beforeTuring: false, names: [], driver: "", smi: undefined },
    ],
    [
      "two that work",
      "devices 2\ndriver 580.65.06\nsmi 0\nNVIDIA L4\nNVIDIA L4\n",
      {
        devices: 2,
        beforeTuring: false,
        names: ["NVIDIA L4", "NVIDIA L4"],
        driver: "580.65.06",
        smi: { exitCode: 0, said: "NVIDIA L4\nNVIDIA L4" },
      },
    ],
    [
      "a real H200, on Ubuntu 24.04 with the open kernel module",
      "devices 1\ndriver 580.159.04\nsmi 0\nNVIDIA H200\n",
      {
        devices: 1,
        beforeTuring: false,
        names: ["NVIDIA H200"],
        driver: "580.159.04",
        smi: { exitCode: 0, said: "NVIDIA H200" },
      },
    ],
    [
      "a driver that fails",
      "devices 1\nsmi 9\nNVIDIA-SMI has failed\n",
      { devices: 1, beforeTuring: false, names: [], driver: "", smi: { exitCode: 9, said: "NVIDIA-SMI has failed" } },
    ],
  ])("%s", (_, text, facts) => {
    expect(parse(text)).toEqual(facts);
  });

  it.each([
    ["a V100", ["0x1db1"], true],
    ["a P100", ["0x15f8"], true],
    ["a T4", ["0x1eb8"], false],
    ["an H200", ["0x2335"], false],
    ["a P4 beside a T4", ["0x1eb8", "0x1bb3"], true],
    ["nothing", [], false],
  ])("whether one of them is older than Turing: %s", async (_, ids, older) => {
    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-bus-"));
    try {
      // Besides it an audio device of NVIDIA's, whose number says nothing, and somebody else's graphics.
      const audio = ["0x10de", "0x040300", "0x10f7"];
      const others = [audio, ["0x1234", "0x030000", "0x1111"]];
      for (const [n, values] of [...others, ...ids.map((id) => ["0x10de", "0x030200", id])].entries()) {
        const device = join(folder, `0000:0${n}:00.0`);
        await mkdir(device);
        for (const [index, name] of ["vendor", "class", "device"].entries())
          await writeFile(join(device, name), `${values[index]}\n`);
      }
      const { script } = gpuFacts as Question<unknown>;
      const { stdout } = withStandIns({ "nvidia-smi": "exit 9" }, script.replace("/sys/bus/pci/devices", folder));
      expect(parse(stdout)).toMatchObject({ devices: ids.length, beforeTuring: older });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("its devices by number, not by the serial numbers that the toolkit lists beside them", () => {
    const listed = ["0", "GPU-b1e0a6f2-0000-4000-8000-000000000000", "MIG-2a…", "0:1", "all"].map(
      (each) => `nvidia.com/gpu=${each}`,
    );
    const devices = cdiDevices.parse({ stdout: [...listed, ""].join("\n"), exitCode: 0 });
    expect(devices).toEqual(["nvidia.com/gpu=0", "nvidia.com/gpu=0:1", "nvidia.com/gpu=all"]);
  });

  it("shows driver, names, toolkit and devices", () => {
    expect(nvidiaGpuState(seen)).toEqual({
      driver: "580.65.06",
      names: ["NVIDIA L4"],
      toolkit: "1.19.0",
      devices: ["nvidia.com/gpu=all"],
    });
  });
});

describe("the proof by a container (a stand-in for the machine)", () => {
  const saying = (stdout: string, exitCode = 0) =>
    ({
      machine: { address: "gpu.example" },
      run: async () => ({ stdout, stderr: exitCode ? "could not select device driver" : "", exitCode }),
    }) as never;

  it("gives the names of the GPUs a container saw", async () => {
    const said = "GPU 0: NVIDIA L4 (UUID: GPU-6a1c)\nGPU 1: NVIDIA L4 (UUID: GPU-77f0)\n";
    expect(await proveNvidiaGpu(saying(said), 2)).toEqual(["NVIDIA L4", "NVIDIA L4"]);
  });

  it.each([
    ["sees one of two", "GPU 0: NVIDIA L4 (UUID: GPU-6a1c)\n", 0, "sees 1 of 2 GPUs"],
    ["does not start", "", 125, "could not select device driver"],
  ])("fails when the container %s", async (_, said, exitCode, words) => {
    await expect(proveNvidiaGpu(saying(said, exitCode), 2)).rejects.toThrow(words);
  });
});

describe("the proof's own script (stand-ins for Docker and nvidia-smi)", () => {
  // As seen on a real H200: CDI mounts nvidia-smi where the machine has it, and a container has a search path of its own.
  it("finds nvidia-smi in a container where the machine has it, on no usual path", async () => {
    const folder = await mkdtemp(join(tmpdir(), "nemoclaw-gpu-"));
    try {
      const programs = {
        docker: `case $1 in import) cat >/dev/null ;; info) echo '["/etc/cdi"]' ;; run) exec "$(dirname "$0")/container" "$@" ;; esac`,
        // Only what it is given by --env, as a container.
        container: `path=/usr/sbin:/usr/bin:/sbin:/bin
for each in "$@"; do case $each in PATH=*) path=\${each#PATH=} ;; esac; done
PATH=$path nvidia-smi -L`,
        "nvidia-smi": "echo 'GPU 0: NVIDIA H200 (UUID: GPU-0000)'",
      };
      for (const [name, text] of Object.entries(programs)) putProgram(folder, name, text);
      const run = async ({ script }: { script: string }) => {
        const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
        const { stdout, stderr, status } = spawnSync("sh", ["-ec", script], { env, encoding: "utf8" });
        return { stdout, stderr, exitCode: status ?? 1 };
      };
      expect(await proveNvidiaGpu({ machine: { address: "gpu.example" }, run } as never, 1)).toEqual(["NVIDIA H200"]);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the resource", () => {
  const machine = { gpu };

  it("takes the repository from the lock file at preview, and nothing without a GPU", async () => {
    const filled = await nvidiaGpu.fill?.({ machine, usable: true } as never);
    expect(filled).toMatchObject({ repository: { fingerprint: repository.fingerprint } });
    expect(await nvidiaGpu.fill?.({ machine: { gpu: "none" }, usable: true } as never)).not.toHaveProperty(
      "repository",
    );
  });
});
