import { sectionsIn, stackSections } from "./stack-files.ts";

/** What a stack file has of its machine, as far as its image goes; nothing of it is checked. */
export interface WrittenMachine {
  readonly kind?: string;
  readonly region?: string;
  readonly zone?: string;
  readonly account?: string;
  readonly image?: { readonly id?: string; readonly name?: string; readonly arch?: string } | null;
}

/** A stack whose machine is made in a cloud. */
export interface CloudMachine {
  readonly stack: string;
  readonly kind: "aws" | "gcp";
  readonly written: WrittenMachine;
}

/** The machines in a cloud that stack files ask for. */
export function cloudMachines(folder?: string): CloudMachine[] {
  return stackSections(folder).flatMap(([stack, { machine }]) => {
    const written = machine as WrittenMachine;
    const { kind } = written;
    return kind === "aws" || kind === "gcp" ? [{ stack, kind, written }] : [];
  });
}

/** The machine of one stack file. */
export function machineIn(file: string): WrittenMachine {
  return sectionsIn(file).machine as WrittenMachine;
}
