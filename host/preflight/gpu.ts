import type { Question } from "../question.ts";
import { missingDriver } from "../steps/nvidia-driver.ts";
import type { PreflightWants, Say } from "./verdict.ts";

export interface GpuFacts {
  /** NVIDIA's graphics devices on the machine's buses, with a driver or without. */
  readonly devices: number;
  /** Whether one of them is older than Turing, which is as far back as NVIDIA's open kernel modules go. */
  readonly beforeTuring: boolean;
  /** Names, as the driver has them. */
  readonly names: readonly string[];
  /** Version of the loaded kernel module; empty without one. */
  readonly driver: string;
  /** What nvidia-smi said and how it ended; `undefined` where it is not installed. */
  readonly smi: { readonly exitCode: number; readonly said: string } | undefined;
}

/** NVIDIA numbers its graphics devices in the order of their chips: V100 has numbers to 0x1df6, and Turing begins at 0x1e02. */
const firstOfTuring = 0x1e00;

/** GPUs, with a driver or without one; without `lspci`, which small images lack. */
export const gpuFacts: Question<GpuFacts> = {
  script: `n=0
for each in /sys/bus/pci/devices/*; do
  test "$(cat "$each/vendor")" = 0x10de || continue
  case $(cat "$each/class") in 0x0300*|0x0302*) n=$((n + 1)); echo "id $(cat "$each/device")" ;; esac
done
echo "devices $n"
sed -n 's/^NVRM version:.*[[:space:]]\\([0-9][0-9]*\\.[0-9][0-9.]*\\)[[:space:]].*/driver \\1/p' /proc/driver/nvidia/version
command -v nvidia-smi >/dev/null || exit 0
said=$(timeout 30 nvidia-smi --query-gpu=name --format=csv,noheader 2>&1)
echo "smi $?"
printf '%s\\n' "$said"`,
  parse({ stdout }) {
    const [before = "", code, rest = ""] = stdout.split(/^smi (\d+)\n/m);
    const said = rest.trim();
    const exitCode = Number(code);
    return {
      devices: Number(/^devices (\d+)$/m.exec(before)?.[1] ?? 0),
      beforeTuring: [...before.matchAll(/^id (0x[0-9a-f]+)$/gm)].some(([, id]) => Number(id) < firstOfTuring),
      driver: /^driver (\S+)$/m.exec(before)?.[1] ?? "",
      names: code !== undefined && exitCode === 0 ? said.split("\n").filter(Boolean) : [],
      smi: code === undefined ? undefined : { exitCode, said },
    };
  },
};

/** The GPUs that the stack wants, and a driver that sees them. */
export function judgeGpu(
  gpu: GpuFacts,
  distribution: string,
  { gpu: wanted }: PreflightWants,
  { lacks, note }: Say,
): void {
  if (wanted === "none") return;
  const seen = Math.max(gpu.devices, gpu.names.length);
  if (seen === 0) {
    lacks(
      "gpu",
      `no NVIDIA GPU is on its buses, and ${wanted.count} × ${wanted.model} is configured`,
      "use a machine with one, or set machine.gpu to none",
    );
    return;
  }
  if (seen < wanted.count) {
    lacks(
      "gpu",
      `it has ${seen} GPU${seen === 1 ? "" : "s"}, and ${wanted.count} are configured`,
      "correct the count of machine.gpu",
    );
  }
  const driver = missingDriver(gpu, distribution);
  if (driver) lacks(driver.what, driver.found, driver.try);
  // Installed and not working is nothing an installation mends.
  else if (gpu.smi && gpu.smi.exitCode !== 0) {
    lacks(
      "gpu-driver",
      `nvidia-smi fails: ${gpu.smi.said.split("\n").slice(0, 3).join(" ")}`,
      "reboot the machine; where that does not help: dmesg | grep -i nvrm, mokutil --sb-state",
    );
  } else if (!gpu.smi) {
    note("no NVIDIA driver is installed yet");
  } else if (!gpu.names.some((name) => sameModel(name, wanted.model))) {
    note(`its GPU is ${gpu.names[0]}, and ${wanted.model} is configured`);
  }
}

/** `H100` is `NVIDIA H100 80GB HBM3`. */
function sameModel(name: string, wanted: string): boolean {
  const words = (text: string) =>
    text
      .toLowerCase()
      .split(/[^a-z0-9]+/)
      .filter(Boolean);
  const has = words(name);
  return words(wanted).every((word) => has.includes(word));
}
