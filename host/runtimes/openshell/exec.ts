import { pinnedDialect } from "./dialect.ts";

/** The words of `openshell sandbox exec`, up to and without the command that is run inside. */
export function execWords(sandbox: string, { terminal = false } = {}): string[] {
  return [
    ...["sandbox", "exec", terminal ? "--tty" : "--no-tty", ...pinnedDialect().plainExec],
    ...["-n", sandbox, "--"],
  ];
}
