import { isIP } from "node:net";

/** Whether a host is a whole name that a name service is asked for; OpenShell's own name for the machine is none. */
export function isNamedWhole(host: string): boolean {
  return !host.includes("*") && isIP(host) === 0 && host !== "host.openshell.internal";
}
