import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** A service as one self-contained ES module. */
export interface Bundle {
  /** The module's whole text, the same bytes for the same sources on every machine. */
  text: string;
  /** sha256 of `text`, in hex: what a machine's file is compared with. */
  sha256: string;
}

/** What a bundle leaves out. */
export interface BundleOptions {
  /** Packages that are not inlined, because the machine has them in a node_modules folder. Default: none. */
  external?: string[];
}

const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

// CommonJS packages call `require` for Node's own modules, which an ES module does not have.
const banner =
  'import { createRequire as nodeRequire } from "node:module"; const require = nodeRequire(import.meta.url);';

/**
 * Bundles one service for Node 24, with its packages inlined.
 *
 * @param entry path of the entry file, absolute or relative to the repository's root
 * @throws esbuild's error, which lists every file and line that failed
 * @example const { text, sha256 } = await bundle("services/egress-gate/main.ts");
 */
export async function bundle(entry: string, options: BundleOptions = {}): Promise<Bundle> {
  const result = await build({
    absWorkingDir: root,
    entryPoints: [resolve(root, entry)],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node24",
    charset: "utf8",
    legalComments: "none",
    logLevel: "silent",
    external: options.external ?? [],
    banner: { js: banner },
  });
  const text = result.outputFiles[0]?.text ?? "";
  return { text, sha256: createHash("sha256").update(text).digest("hex") };
}
