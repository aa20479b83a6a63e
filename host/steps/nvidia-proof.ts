import type { Command } from "../command.ts";
import { HostError } from "../errors.ts";
import type { Host } from "../host.ts";

/**
 * Runs a container that counts the GPUs it is given: an image made on the spot from the machine's own shell, with nvidia-smi
 * and the driver's libraries put in by the toolkit. No registry is needed; no network, nothing writable, no capability.
 *
 * @throws HostError `not-converged` with what Docker and nvidia-smi said
 */
export async function proveNvidiaGpu(host: Host, count: number): Promise<readonly string[]> {
  const { stdout, stderr, exitCode } = await host.run(proof);
  const seen = stdout.split("\n").filter((line) => /^GPU \d+: /.test(line));
  if (exitCode === 0 && seen.length >= count) return seen.map(nameOf);
  const saw = seen.length === 0 ? "no GPU" : `${seen.length} of ${count} GPUs`;
  throw new HostError("not-converged", {
    summary: `a container on ${host.machine.address} sees ${saw}`,
    ran: "nvidia-smi -L, in a container",
    exitCode,
    said: [stdout, stderr].join("\n").trim(),
    try: "on the machine: nvidia-smi; nvidia-ctk cdi list; journalctl -u docker.service -n 30",
  });
}

/** `GPU 0: NVIDIA L4 (UUID: GPU-…)` without what tells one of a kind from another. */
function nameOf(line: string): string {
  return line.replace(/^GPU \d+: /, "").replace(/ \(UUID:.*$/, "");
}

// Docker knows CDI since 25, and has it on since 28.2; before that, `--gpus` asks the toolkit's hook. CDI puts nvidia-smi where
// the machine has it, which is not on every container's search path: images with the driver under /usr/local/nvidia.
const proof: Command = {
  title: "count the GPUs that a container sees",
  script: `dir=$(mktemp -d)
image=nemoclaw-gpu-proof:$$
cleanup() {
  docker image rm --force "$image" >/dev/null 2>&1 || :
  rm -rf "$dir"
}
trap cleanup EXIT
mkdir "$dir/bin"
cp -L /bin/sh "$dir/bin/sh"
for library in $(ldd /bin/sh "$(command -v nvidia-smi)" 2>/dev/null | grep -o '/[^ )]*' | grep -v ':$' | sort -u || :); do
  cp -L --parents "$library" "$dir"
done
tar -C "$dir" -c . | docker import --change 'LABEL nemoclaw.kind=proof' - "$image" >/dev/null
gpus='--gpus all'
case $(docker info --format '{{json .CDISpecDirs}}' 2>/dev/null) in *cdi*) gpus='--device nvidia.com/gpu=all' ;; esac
timeout 90 docker run --rm $gpus --network none --cap-drop ALL --security-opt no-new-privileges \\
  --env "PATH=$PATH" --env NVIDIA_DRIVER_CAPABILITIES=utility --env NVIDIA_VISIBLE_DEVICES=all \\
  --label nemoclaw.kind=proof "$image" /bin/sh -c 'nvidia-smi -L'`,
  shown: "docker run --device nvidia.com/gpu=all … nvidia-smi -L",
  timeoutSeconds: 150,
};
