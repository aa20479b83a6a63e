/**
 * The line of a unit by which systemd itself leaves it down while its environment is stopped on purpose: at a reboot, when
 * another unit wants it, and when somebody starts it by hand. `scripts/stop` makes the file and `scripts/start` removes it.
 */
export function unlessStopped(sandbox: string): string {
  return `ConditionPathExists=!/etc/nemoclaw/${sandbox}/stopped`;
}
