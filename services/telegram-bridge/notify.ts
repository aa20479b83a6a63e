import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Tells systemd that the service is ready; does nothing where systemd does not ask. Node has no datagram sockets of the unix
 * kind, so systemd's own program speaks for us (the unit has `NotifyAccess=all`).
 *
 * @throws when systemd asks and its program fails
 */
export async function notifyReady(text: string): Promise<void> {
  const { NOTIFY_SOCKET, PATH } = process.env;
  if (NOTIFY_SOCKET === undefined) return;
  await promisify(execFile)("systemd-notify", ["--ready", `--status=${text}`], { env: { NOTIFY_SOCKET, PATH } });
}
