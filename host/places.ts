/** Where things lie on a machine. Only stand-ins for a machine have others. */
export interface Places {
  /** Held by one operator at a time. @default /run/lock/nemoclaw.lock */
  readonly lock: string;
  /** Exists where systemd is PID 1. @default /run/systemd/system */
  readonly systemd: string;
  /** Room in memory, so that a full disk can still be reported. @default /run */
  readonly scratch: string;
}

export const defaultPlaces: Places = {
  lock: "/run/lock/nemoclaw.lock",
  systemd: "/run/systemd/system",
  scratch: "/run",
};
