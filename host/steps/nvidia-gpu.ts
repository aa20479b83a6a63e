/**
 * NVIDIA GPUs for containers: driver, container toolkit, CDI specification.
 *
 * - `ensureNvidiaGpu({ gpu, driver?, repository?, mirrors? })` → `Step<NvidiaFacts>`
 * - `nvidiaGpuState(facts)` → what a resource shows: driver, names of the GPUs, toolkit, CDI
 * - `proveNvidiaGpu(host, count)` is in `nvidia-proof.ts`
 */
import type { Command } from "../command.ts";
import { HostError } from "../errors.ts";
import type { Machine } from "../machine.ts";
import { type GpuFacts, gpuFacts } from "../preflight-facts.ts";
import type { Question } from "../question.ts";
import type { Mirrors } from "../runtimes/runtime.ts";
import type { Step } from "../step.ts";
import { type AptFacts, aptFacts, ensurePackages } from "./apt-packages.ts";
import { type NvidiaRepository, trustNvidiaRepository } from "./nvidia-repository.ts";
import { type RepositoryFacts, repositoryFacts } from "./signed-repository.ts";

export interface NvidiaGpuArgs {
  /** With `none` there is nothing to do, whatever the machine has. */
  readonly gpu: Machine["gpu"];
  /**
   * Branch of Ubuntu's signed driver packages, for images without a driver: `580-server-open`, or `580-server` for GPUs before
   * Turing. A driver that is there already stays.
   *
   * @default 580-server-open
   */
  readonly driver?: string;
  /** The toolkit's repository, from the lock file. Required unless `gpu` is `none`. */
  readonly repository?: NvidiaRepository;
  readonly mirrors?: Mirrors;
}

export interface NvidiaFacts {
  readonly gpu: GpuFacts;
  readonly system: { readonly distribution: string; readonly arch: string; readonly kernel: string };
  readonly toolkit: AptFacts;
  readonly repository: RepositoryFacts;
  /** Version of `nvidia-ctk`; empty where there is none. Images bring the toolkit without a package of this name. */
  readonly ctk: string;
  /** Devices in the CDI specifications that name the loaded driver's libraries. */
  readonly cdi: readonly string[];
}

const toolkit = "nvidia-container-toolkit";

/**
 * A machine whose containers can have its GPUs. What the image brings stays as it is; what is missing is installed.
 *
 * @throws HostError from its plan: `command` when the machine has no GPU, when the driver does not see it (with nvidia-smi's
 * words), or where no driver is known for the system
 * @example
 * await ensure(host, ensureNvidiaGpu({ gpu: machine.gpu, repository: aptRepository(readLock(), "nvidia-container-toolkit") }));
 */
export function ensureNvidiaGpu(args: NvidiaGpuArgs): Step<NvidiaFacts> {
  return {
    name: "NVIDIA GPU",
    facts: {
      gpu: gpuFacts,
      system,
      toolkit: aptFacts([toolkit, "ca-certificates", "curl", "gpg"]),
      repository: repositoryFacts("nvidia"),
      ctk,
      cdi,
    },
    plan(now) {
      if (args.gpu === "none") return [];
      return [...driver(now, args), ...containerToolkit(now, args), ...specification(now)];
    },
  };
}

/** What a resource shows of it. */
export function nvidiaGpuState({ gpu, ctk: version, cdi: devices }: NvidiaFacts) {
  return { driver: gpu.driver, names: gpu.names, toolkit: version, devices };
}

function driver({ gpu, system: { distribution, kernel } }: NvidiaFacts, args: NvidiaGpuArgs): Command[] {
  if (gpu.smi && gpu.smi.exitCode !== 0) {
    throw new HostError("command", {
      summary: "the NVIDIA driver is installed and does not see the GPU",
      ran: "nvidia-smi",
      exitCode: gpu.smi.exitCode,
      said: gpu.smi.said,
      try: "reboot the machine and run `up` again; where that does not help: dmesg | grep -i nvrm; mokutil --sb-state",
    });
  }
  if (gpu.smi) return [];
  if (gpu.devices === 0) {
    throw new HostError("command", {
      summary: "this machine has no NVIDIA GPU on its buses, and the stack wants one",
      try: "use a machine type with a GPU, or set machine.gpu to none",
    });
  }
  if (distribution !== "ubuntu") {
    throw new HostError("command", {
      summary: `no NVIDIA driver is installed, and ${distribution || "this system"} has none among its signed packages`,
      try: "use an image with the driver on it, or Ubuntu, or install the driver by your own means, then run `up` again",
    });
  }
  const branch = args.driver ?? "580-server-open";
  const flavour = kernel.split("-").slice(2).join("-") || "generic";
  const packages = [
    // For the kernel that runs, so that it can be loaded now, and for those that follow it.
    `linux-modules-nvidia-${branch}-${kernel}`,
    `linux-modules-nvidia-${branch}-${flavour}`,
    `nvidia-headless-no-dkms-${branch}`,
    `nvidia-utils-${branch.replace(/-open$/, "")}`,
  ];
  const nothing: AptFacts = { installed: {}, known: [], fresh: false, interrupted: false };
  return [...ensurePackages({ packages, mirror: args.mirrors?.apt }).plan(nothing), loadDriver];
}

const loadDriver: Command = {
  title: "load the NVIDIA driver",
  script: `modprobe nvidia 2>&1 || { lsmod | grep -q '^nouveau' && echo 'nouveau, the other driver, holds the GPU until a reboot'; exit 1; }
modprobe nvidia-uvm 2>&1 || :
nvidia-smi -L`,
  timeoutSeconds: 120,
  try: "reboot the machine, then run `up` again; with secure boot on, only signed modules load: mokutil --sb-state",
};

function containerToolkit(now: NvidiaFacts, { repository, mirrors }: NvidiaGpuArgs): Command[] {
  if (now.ctk) return [];
  if (!repository) throw new Error("the container toolkit needs its repository's address and key, from the lock file");
  const mirror = mirrors?.apt;
  const trust = trustNvidiaRepository(
    { repository: now.repository, apt: now.toolkit, arch: now.system.arch },
    repository,
    mirror,
  );
  // Lists fetched before the repository was there do not have it, however fresh they are.
  const apt = trust.length > 0 ? { ...now.toolkit, fresh: false } : now.toolkit;
  return [...trust, ...ensurePackages({ packages: [toolkit], mirror }).plan(apt)];
}

// A specification names libraries by the driver's version: one from before an upgrade starts no container.
function specification({ cdi: devices, gpu }: NvidiaFacts): Command[] {
  if (devices.length > 0 && gpu.driver) return [];
  return [
    {
      title: "describe the GPUs to container runtimes (CDI)",
      script: `to=/etc/cdi/nvidia.yaml
test ! -e /var/run/cdi/nvidia.yaml || to=/var/run/cdi/nvidia.yaml
mkdir -p "\${to%/*}"
nvidia-ctk cdi generate --output="$to.new.yaml" 2>&1
mv -f "$to.new.yaml" "$to"`,
      shown: "nvidia-ctk cdi generate",
      timeoutSeconds: 120,
      try: "on the machine: nvidia-smi; nvidia-ctk cdi generate",
    },
  ];
}

const system: Question<NvidiaFacts["system"]> = {
  script: `(. /etc/os-release; echo "$ID")
dpkg --print-architecture || echo
uname -r`,
  parse({ stdout }) {
    const [distribution = "", arch = "", kernel = ""] = stdout.split("\n").map((line) => line.trim());
    return { distribution, arch, kernel };
  },
};

const ctk: Question<string> = {
  script: "nvidia-ctk --version",
  parse: ({ stdout }) => /version (\S+)/.exec(stdout)?.[1] ?? "",
};

const cdi: Question<readonly string[]> = {
  script: `version=$(sed -n 's/^NVRM version:.*[[:space:]]\\([0-9][0-9]*\\.[0-9][0-9.]*\\)[[:space:]].*/\\1/p' /proc/driver/nvidia/version)
test -n "$version" || exit 0
for each in /etc/cdi/nvidia.yaml /var/run/cdi/nvidia.yaml; do
  test -f "$each" && ! grep -Fq "$version" "$each" && exit 0
done
nvidia-ctk cdi list`,
  parse: ({ stdout }) => stdout.split("\n").filter((line) => line.startsWith("nvidia.com/gpu=")),
};
