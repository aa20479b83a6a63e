import type { Command } from "../command.ts";
import type { GpuFacts } from "../preflight/gpu.ts";
import type { Question } from "../question.ts";

/**
 * Devices in the CDI specifications that name the loaded driver's libraries. Not those by serial number (`GPU-…`, `MIG-…`):
 * a cloud that starts the machine on other hardware would make them a difference.
 */
export const cdiDevices: Question<readonly string[]> = {
  script: `version=$(sed -n 's/^NVRM version:.*[[:space:]]\\([0-9][0-9]*\\.[0-9][0-9.]*\\)[[:space:]].*/\\1/p' /proc/driver/nvidia/version)
test -n "$version" || exit 0
for each in /etc/cdi/nvidia.yaml /var/run/cdi/nvidia.yaml; do
  test -f "$each" && ! grep -Fq "$version" "$each" && exit 0
done
nvidia-ctk cdi list`,
  parse: ({ stdout }) => stdout.split("\n").filter((line) => /^nvidia\.com\/gpu=(?!GPU-|MIG-)/.test(line)),
};

/**
 * Commands that write the specification. It names libraries by the driver's version, so one from before an upgrade, which
 * would start no container, counts as none.
 */
export function describeGpus(devices: readonly string[], { driver }: GpuFacts): Command[] {
  if (devices.length > 0 && driver) return [];
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
