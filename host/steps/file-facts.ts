import { createHash } from "node:crypto";
import { bytesOf } from "../apply-script.ts";
import { type Command, quote } from "../command.ts";
import type { Question } from "../question.ts";

/** What stands at a path. `mode` is the permission bits as a number, `sha256` that of a file's bytes in hex. */
export type FileFacts =
  | { readonly kind: "absent" }
  | {
      readonly kind: "file" | "directory" | "link" | "other";
      readonly mode: number;
      readonly owner: string;
      readonly group: string;
      /** Of a file. */
      readonly sha256?: string;
      /** Of a link, as it is written. */
      readonly target?: string;
    };

/**
 * What stands at a path: kind, mode, owner, group, and the hash of a file or the target of a link. The content itself stays
 * on the machine.
 */
export function fileFacts(path: string): Question<FileFacts> {
  const file = quote(absolute(path));
  return {
    script: `p=${file}
if test -L "$p"; then stat -c 'link %a %U %G' "$p" && readlink "$p"
elif test -f "$p"; then stat -c 'file %a %U %G' "$p" && sha256sum <"$p"
elif test -d "$p"; then stat -c 'directory %a %U %G' "$p"
elif test -e "$p"; then stat -c 'other %a %U %G' "$p"
else echo absent
fi`,
    parse: ({ stdout }) => {
      const [line = "", ...rest] = stdout.split("\n");
      const [kind, mode = "", owner = "", group = ""] = line.split(" ");
      if (kind === "absent") return { kind };
      const common = { mode: Number.parseInt(mode, 8), owner, group };
      if (kind === "link") return { kind, ...common, target: rest.join("\n").replace(/\n$/, "") };
      if (kind === "file") return { kind, ...common, sha256: rest[0]?.split(" ")[0] };
      if (kind === "directory" || kind === "other") return { kind, ...common };
      throw new Error(`${path} vanished while it was looked at`);
    },
  };
}

/** The hash that `fileFacts` gives for a file of this content. */
export function sha256(content: NonNullable<Command["stdin"]>): string {
  return createHash("sha256").update(bytesOf(content)).digest("hex");
}

/** Permission bits as people write them: `0644`. */
export function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

/** The path itself, refused when it depends on a current folder or climbs. */
export function absolute(path: string): string {
  if (!path.startsWith("/") || path.split("/").includes("..")) throw new Error(`not an absolute path: ${path}`);
  return path;
}
