import { awsMachineTypes } from "../components/machine/gpu-table-aws.ts";
import { gcpMachineTypes } from "../components/machine/gpu-table-gcp.ts";
import { hourlyPrice } from "../components/machine/machine-types.ts";

/** What an hour of a cloud's machine size costs, roughly and on demand, as far as this project knows the size. */
export function priceOf(machineType: string): string | undefined {
  const found = [...awsMachineTypes, ...gcpMachineTypes].find(({ name }) => name === machineType);
  return found && hourlyPrice(found);
}
