import type { Answer, Question } from "../question.ts";
import type { Say } from "./verdict.ts";

export interface PortFacts {
  readonly port: number;
  /** The unit or program that listens; empty when nobody does. */
  readonly heldBy: string;
}

/** Ports on the machine's loopback that our services take: egress gate, status page, tunnel metrics. */
export const ourPorts = [17871, 17872, 17873] as const;

export const portFacts: Question<PortFacts[]> = portQuestion(ourPorts);

/** Who listens on some ports. From the kernel's own tables: `ss` is missing on small images. */
export function portQuestion(ports: readonly number[]): Question<PortFacts[]> {
  return { script: listeners(ports), parse: parsePorts };
}

function listeners(ports: readonly number[]): string {
  return `for port in ${ports.join(" ")}; do
  hex=$(printf '%04X' "$port")
  inode=$(cat /proc/net/tcp /proc/net/tcp6 | while read -r _ local _ state _ _ _ _ _ inode _; do
    case $local/$state in *:"$hex"/0A) echo "$inode"; break ;; esac
  done)
  by=
  if test -n "$inode"; then
    process=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" 2>/dev/null | head -n 1 | cut -d/ -f3)
    by=$(sed -n 's#.*/\\([^/]*\\.service\\)$#\\1#p' "/proc/$process/cgroup" | head -n 1)
    test -n "$by" || by=$(cat "/proc/$process/comm") || by=unknown
  fi
  echo "$port $by"
done`;
}

/** Reads what the question is answered with. */
export function parsePorts({ stdout }: Answer): PortFacts[] {
  return stdout
    .trim()
    .split("\n")
    .map((line) => {
      const [port = "", ...by] = line.trim().split(" ");
      return { port: Number(port), heldBy: by.join(" ") };
    });
}

/** Whether our ports are free, or ours already. */
export function judgePorts(ports: readonly PortFacts[], { lacks }: Say): void {
  for (const { port, heldBy } of ports) {
    if (heldBy === "" || heldBy.startsWith("nemoclaw-")) continue;
    lacks(
      `port-${port}`,
      `${heldBy} listens on port ${port}`,
      "stop it, or let it listen elsewhere: the sandbox's services need this port",
    );
  }
}
