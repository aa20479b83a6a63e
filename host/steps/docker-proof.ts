import type { Command } from "../command.ts";
import { HostError } from "../errors.ts";
import type { Host } from "../host.ts";

/**
 * Runs a container and takes its word for it: an image made on the spot from the machine's own shell, so no registry is
 * needed; no network, nothing writable, no capability. Image and container are gone afterwards.
 *
 * @throws HostError `not-converged` with what Docker said
 */
export async function proveDockerEngine(host: Host): Promise<void> {
  const { stdout, stderr, exitCode } = await host.run(proof);
  if (exitCode === 0 && stdout.includes("container says 42")) return;
  throw new HostError("not-converged", {
    summary: `Docker on ${host.machine.address} is installed and cannot run a container`,
    ran: proof.title,
    exitCode,
    said: stderr || stdout,
    try: "see the daemon's own words on the machine: journalctl -u docker.service -n 50",
  });
}

const proof: Command = {
  title: "run a container made from the machine's own shell",
  script: `dir=$(mktemp -d)
image=nemoclaw-proof:$$
cleanup() {
  docker image rm --force "$image" >/dev/null 2>&1 || :
  rm -rf "$dir"
}
trap cleanup EXIT
mkdir "$dir/bin"
cp -L /bin/sh "$dir/bin/sh"
for library in $(ldd /bin/sh 2>/dev/null | grep -o '/[^ )]*' || :); do
  cp -L --parents "$library" "$dir"
done
tar -C "$dir" -c . | docker import --change 'LABEL nemoclaw.kind=proof' - "$image" >/dev/null
timeout 60 docker run --rm --network none --read-only --cap-drop ALL --security-opt no-new-privileges \\
  --label nemoclaw.kind=proof "$image" /bin/sh -c 'echo container says $((6 * 7))'`,
  timeoutSeconds: 120,
};
