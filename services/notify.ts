import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Tells systemd how the service is doing; does nothing where systemd does not ask. Node has no datagram sockets of the unix
 * kind, so systemd's own program speaks for us (the unit has `NotifyAccess=all`). A failure changes nothing for those
 * who are served, and a unit that never becomes ready is noticed by systemd itself, so it is not an error here.
 */
export async function notify(status: string, ready: boolean = false): Promise<void> {
  const { NOTIFY_SOCKET, PATH } = process.env;
  if (NOTIFY_SOCKET === undefined) return;
  const words = [...(ready ? ["--ready"] : []), `--status=${status.replaceAll(/\s+/g, " ").slice(0, 300)}`];
  await promisify(execFile)("systemd-notify", words, { env: { NOTIFY_SOCKET, PATH }, timeout: 5000 }).catch(() => {});
}
