import { z } from "zod";

/** Most paths a policy may list, read-only and read-write together. */
export const mostPaths = 256;
const longestPath = 4096;

// One spelling per folder, so that two ways to write a path are not a difference.
function normalised(path: string): string {
  return `/${path
    .split("/")
    .filter((part) => part !== "" && part !== ".")
    .join("/")}`;
}

const path = z
  .string()
  .superRefine((value, context) => {
    const refuse = (message: string, instead: string) =>
      context.addIssue({ code: "custom", message, params: { instead }, continue: false });
    if (!value.startsWith("/")) {
      refuse(`${JSON.stringify(value)} is not an absolute path`, `start it with /: ${normalised(value)}`);
    } else if (value.split("/").includes("..")) {
      refuse(`${JSON.stringify(value)} goes up with ".."`, "write the folder it leads to");
    } else if (Buffer.byteLength(value) > longestPath) {
      refuse(`the path is longer than ${longestPath} characters`, "list a folder above it");
    } else if (/[*?[\]{}]/.test(value)) {
      refuse(
        `${JSON.stringify(value)} has a wildcard, and paths on disk are taken literally`,
        "list the folder; all in it is included",
      );
    } else if (/\p{Cc}/u.test(value)) {
      refuse(`${JSON.stringify(value)} has a control character`, "write a plain path");
    }
  })
  .transform(normalised);

const writablePath = path.superRefine((value, context) => {
  if (value === "/") {
    context.addIssue({
      code: "custom",
      message: "/ would make everything writable",
      params: { instead: "list the folders the agent writes to, such as /sandbox and /tmp" },
    });
  }
});

/** What the sandbox sees of the disk; a path in neither list is not there. */
export const filesystemSchema = z
  .strictObject({
    /** Adds the working directory to `read_write`. */
    include_workdir: z.boolean().optional(),
    read_only: z.array(path).optional(),
    read_write: z.array(writablePath).optional(),
  })
  .superRefine(({ read_only = [], read_write = [] }, context) => {
    const count = read_only.length + read_write.length;
    if (count <= mostPaths) return;
    context.addIssue({
      code: "custom",
      message: `${count} paths, and at most ${mostPaths} are allowed`,
      params: { instead: "list a folder instead of the things in it" },
    });
  });

export type FilesystemPolicy = z.infer<typeof filesystemSchema>;
