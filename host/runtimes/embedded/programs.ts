import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { bundle } from "../../../services/build.ts";

/** The runtime's own programs, as one release: they speak to each other, so they are installed and upgraded together. */
export interface Programs {
  /** First 12 hex digits of the sha256 over all files. */
  readonly version: string;
  /** The bundles: file name to text. */
  readonly files: ReadonlyMap<string, string>;
  /** `package.json` of what they do not bundle. */
  readonly manifest: string;
  /** Its `package-lock.json`. */
  readonly locked: string;
}

const services = new URL("../../../services/", import.meta.url);

const bundled: Readonly<Record<string, string>> = {
  "supervisor.mjs": "services/sandbox-supervisor/main.ts",
  "loop.mjs": "services/sandbox-supervisor/inside/loop.ts",
  "main-process.mjs": "services/sandbox-supervisor/inside/main-process.ts",
  "attach.mjs": "services/sandbox-supervisor/inside/attach.ts",
  "attendant.mjs": "services/sandbox-supervisor/attendant.ts",
  "turn.mjs": "services/sandbox-supervisor/turn.ts",
  "inside.mjs": "services/sandbox-supervisor/inside.ts",
  "session.mjs": "services/sandbox-supervisor/session.ts",
  "status.mjs": "services/sandbox-supervisor/status.ts",
  "egress-gate.mjs": "services/egress-gate/main.ts",
  "inference-route.mjs": "services/inference-route/main.ts",
};

let built: Promise<Programs> | undefined;

/** Bundles the programs once a process; about a tenth of a second. */
export function programs(): Promise<Programs> {
  built ??= build();
  return built;
}

async function build(): Promise<Programs> {
  const read = (file: string) => readFile(new URL(`sandbox-supervisor/${file}`, services), "utf8");
  const bundles = Object.entries(bundled).map(async ([file, entry]) => {
    const { text } = await bundle(entry, { external: ["@anthropic-ai/sandbox-runtime"] });
    return [file, text] as const;
  });
  const [manifest, locked, ...files] = await Promise.all([
    read("package.json"),
    read("package-lock.json"),
    ...bundles,
  ] as const);
  const hash = createHash("sha256").update(manifest).update(locked);
  for (const [file, text] of files) hash.update(`${file}\0${text.length}\0${text}`);
  return { version: hash.digest("hex").slice(0, 12), files: new Map(files), manifest, locked };
}
