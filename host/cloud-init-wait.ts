import { setTimeout as sleep } from "node:timers/promises";
import { HostError } from "./errors.ts";
import type { Host } from "./host.ts";
import { awaitCloudInit, type CloudInitStatus, cloudInitFailure, readCloudInit } from "./steps/cloud-init.ts";

export interface CloudInitWait {
  /** A connection to the machine; asked for again when the machine restarts meanwhile. */
  readonly connect: () => Promise<Host>;
  readonly log: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Seconds until the first boot must be over, restarts included. @default 1800 */
  readonly seconds?: number;
  /** Seconds one connection is kept waiting. @default 30 */
  readonly roundSeconds?: number;
}

/**
 * Waits until cloud-init has ended, over restarts of the machine: an image that brings its driver up restarts once. Machines
 * without cloud-init are passed at once, with one round trip.
 *
 * @throws HostError of kind `command` with cloud-init's own error and the end of its log; `timeout`; `cancelled`
 */
export async function waitForCloudInit(wait: CloudInitWait): Promise<CloudInitStatus> {
  const { log, signal, seconds = 1800, roundSeconds = 30 } = wait;
  const until = Date.now() + seconds * 1000;
  let last: CloudInitStatus | undefined;
  let told = "";
  let restarts = 0;
  while (Date.now() < until) {
    const left = Math.max(1, Math.ceil((until - Date.now()) / 1000));
    const round = await ask(wait, Math.min(roundSeconds, left));
    if (round === "lost") {
      restarts += 1;
      log("the machine went away during its first boot; waiting for it to come back");
      await sleep(1000, undefined, { signal });
      continue;
    }
    last = round.status;
    if (last.status === "error") throw cloudInitFailure(last, round.host.machine.address);
    if (last.status === "done" || last.status === "absent") {
      for (const warning of last.warnings) log(`cloud-init went on in spite of: ${warning}`);
      if (restarts > 0) log(`first boot is over, after ${restarts === 1 ? "a restart" : `${restarts} restarts`}`);
      return last;
    }
    const line = last.status === "restarting" ? "the machine is about to restart" : lastLine(last);
    if (line !== told) log(`first boot is under way: ${line}`);
    told = line;
    // `--wait` returns at once where it is about to restart, and on a machine too early in its boot to know.
    await sleep(Math.min(2000, roundSeconds * 100), undefined, { signal });
  }
  throw new HostError("timeout", {
    summary: `the first boot did not end within ${seconds} s`,
    ran: "cloud-init status --wait",
    said: [last?.detail, last?.log].filter(Boolean).join("\n"),
    try: "run `up` again to wait on; on the machine: cloud-init status --long; tail -f /var/log/cloud-init-output.log",
  });
}

async function ask(
  { connect }: CloudInitWait,
  seconds: number,
): Promise<{ host: Host; status: CloudInitStatus } | "lost"> {
  const host = await connect();
  try {
    return { host, status: readCloudInit((await host.run(awaitCloudInit(seconds))).stdout) };
  } catch (error) {
    // Only what was already connected is lost: a machine that cannot be reached at all has had the dial's own deadline.
    if (error instanceof HostError && error.kind === "unreachable") return "lost";
    // systemd ends what runs when it goes down, before the network does.
    if (error instanceof HostError && error.kind === "command") return "lost";
    throw error;
  }
}

function lastLine({ log, detail }: CloudInitStatus): string {
  const line = log.split("\n").at(-1)?.trim() || detail.split("\n")[0] || "cloud-init is running";
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
