import type { Command } from "../command.ts";
import { HostError } from "../errors.ts";
import type { GpuFacts } from "../preflight/gpu.ts";
import type { Finding } from "../preflight/verdict.ts";
import type { Question } from "../question.ts";
import { type AptFacts, ensurePackages } from "./apt-packages.ts";

export interface DriverSystem {
  readonly distribution: string;
  readonly arch: string;
  readonly kernel: string;
}

interface DriverArgs {
  /** Branch of Ubuntu's driver packages: `580-server-open`. */
  readonly driver?: string;
  readonly mirror?: string;
}

/** What decides about the packages. */
export const driverSystem: Question<DriverSystem> = {
  script: `(. /etc/os-release; echo "$ID")
dpkg --print-architecture || echo
uname -r`,
  parse({ stdout }) {
    const [distribution = "", arch = "", kernel = ""] = stdout.split("\n").map((line) => line.trim());
    return { distribution, arch, kernel };
  },
};

/** What is in the way of a driver where there is none: only Ubuntu has it among its signed packages. */
export function missingDriver({ smi }: GpuFacts, distribution: string): Finding | undefined {
  if (smi || distribution === "ubuntu") return undefined;
  return {
    what: "gpu-driver",
    found: `no NVIDIA driver is installed, and ${distribution || "this system"} has none among its signed packages`,
    try: "use an image with the driver on it, or Ubuntu, or install the driver by your own means, then run `up` again",
  };
}

/**
 * Commands that install the driver where there is none, from Ubuntu's signed packages, for the kernel that runs.
 *
 * @throws HostError of kind `command` when there is no GPU, when a driver is there and does not see it (with nvidia-smi's
 * words), or where the system has no such packages
 */
export function installDriver(gpu: GpuFacts, { distribution, kernel }: DriverSystem, wanted: DriverArgs): Command[] {
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
  const lack = missingDriver(gpu, distribution);
  if (lack) throw new HostError("command", { summary: lack.found, try: lack.try });
  // NVIDIA's open modules, which the newest GPUs need, drive nothing older than Turing; the closed ones do.
  const branch = wanted.driver ?? (gpu.beforeTuring ? "580-server" : "580-server-open");
  const flavour = kernel.split("-").slice(2).join("-") || "generic";
  const packages = [
    // For the kernel that runs, so that it can be loaded now, and for those that follow it.
    `linux-modules-nvidia-${branch}-${kernel}`,
    `linux-modules-nvidia-${branch}-${flavour}`,
    `nvidia-headless-no-dkms-${branch}`,
    `nvidia-utils-${branch.replace(/-open$/, "")}`,
  ];
  const nothing: AptFacts = { installed: {}, known: [], fresh: false, interrupted: false };
  return [...ensurePackages({ packages, mirror: wanted.mirror }).plan(nothing), loadDriver];
}

const loadDriver: Command = {
  title: "load the NVIDIA driver",
  script: `modprobe nvidia 2>&1 || { lsmod | grep -q '^nouveau' && echo 'nouveau, the other driver, holds the GPU until a reboot'; exit 1; }
modprobe nvidia-uvm 2>&1 || :
nvidia-smi -L`,
  timeoutSeconds: 120,
  try: "reboot the machine, then run `up` again; with secure boot on, only signed modules load: mokutil --sb-state",
};
