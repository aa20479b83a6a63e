import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { cloneFolder } from "./clone-paths.ts";

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
export function cloudMachines(folder = join(cloneFolder, "stacks")): CloudMachine[] {
  const names = readdirSync(folder).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
  return names.sort().flatMap((stack) => {
    const written = machineIn(join(folder, `Pulumi.${stack}.yaml`));
    const { kind } = written;
    return kind === "aws" || kind === "gcp" ? [{ stack, kind, written }] : [];
  });
}

/** The machine of one stack file. */
export function machineIn(file: string): WrittenMachine {
  const { config } = (parse(readFileSync(file, "utf8")) ?? {}) as { config?: Record<string, unknown> };
  return (config?.["nemoclaw:machine"] ?? {}) as WrittenMachine;
}
