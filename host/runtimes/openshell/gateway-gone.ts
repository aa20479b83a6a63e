import { HostError } from "../../errors.ts";
import { gatewayUnitName } from "./paths.ts";

/** An error about something that only the gateway knows. */
export function gatewayGone(
  unknown: string,
  { ran, said }: { readonly ran?: string; readonly said: string },
): HostError {
  return new HostError("not-converged", {
    summary: `OpenShell's gateway does not answer, so ${unknown}`,
    ran,
    said,
    try: `up --refresh starts the gateway again; on the machine: journalctl -u ${gatewayUnitName} -e`,
  });
}

/** What a removal says that finds no gateway any more. */
export function removedWithoutGateway(instead: string): string {
  return `OpenShell's gateway does not answer any more; ${instead}`;
}
