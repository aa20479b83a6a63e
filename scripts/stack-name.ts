import { InvalidArgumentError } from "commander";

/** A stack as Pulumi takes it, with or without organization and project. A name is part of paths: `../prod` is none. */
export function stackName(written: string): string {
  const parts = written.split("/");
  if (parts.length <= 3 && parts.every((part) => /^(?!\.+$)[A-Za-z0-9_.-]+$/.test(part))) return written;
  throw new InvalidArgumentError(
    "Expected letters, digits, dots, dashes and underscores, or ORGANIZATION/PROJECT/STACK.",
  );
}
