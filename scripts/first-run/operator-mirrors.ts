import { readdir, readFile } from "node:fs/promises";
import { rootCertificates } from "node:tls";
import { ownDebianSources } from "../../host/local/apt-sources.ts";
import { extraAuthorities } from "../../host/local/certificates.ts";
import { cloneFolder } from "../clone-paths.ts";
import { runProgram } from "../run-program.ts";

export interface OperatorMirrors {
  readonly npm?: string;
  readonly apt?: string;
  /** PEM text of the authorities this computer trusts beyond the public ones. */
  readonly ca?: string;
}

const usualNpm = "https://registry.npmjs.org/";
const usualApt = "http://deb.debian.org/debian";
const distributionFolder = "/usr/share/ca-certificates/mozilla/";

/**
 * Where this computer downloads from, when that is not the usual place: a local machine stands in the same network and
 * needs the same mirrors and the same certificate authorities.
 */
export async function findOperatorMirrors(): Promise<OperatorMirrors> {
  const [npm, ca] = await Promise.all([npmRegistry(), authorities()]);
  const apt = ownDebianSources("bookworm")[0]?.split(" ")[1];
  return {
    ...(npm && npm !== usualNpm && !isLoopback(npm) ? { npm } : {}),
    ...(apt && apt !== usualApt && !isLoopback(apt) ? { apt } : {}),
    ...(ca ? { ca } : {}),
  };
}

async function npmRegistry(): Promise<string | undefined> {
  const answer = await runProgram(["npm", "config", "get", "registry"], { cwd: cloneFolder, timeoutSeconds: 30 });
  const url = answer.stdout.trim();
  return answer.exitCode === 0 && URL.canParse(url) ? new URL(url).href : undefined;
}

async function authorities(): Promise<string | undefined> {
  const usual = await usualAuthorities();
  for (const file of [process.env.NODE_EXTRA_CA_CERTS, process.env.SSL_CERT_FILE]) {
    const bundle = file ? await readFile(file, "utf8").catch(() => "") : "";
    const extra = [...extraAuthorities(bundle, usual).values()];
    if (extra.length > 0) return extra.map((pem) => `${pem}\n`).join("");
  }
  return undefined;
}

/** Node's own roots and what Debian ships beyond them; the local machine has the same. */
async function usualAuthorities(): Promise<string> {
  const names = await readdir(distributionFolder).catch(() => [] as string[]);
  const shipped = await Promise.all(names.map((name) => readFile(distributionFolder + name, "utf8")));
  return [...rootCertificates, ...shipped].join("\n");
}

/** The local machine has a loopback of its own, so a mirror on ours is out of its reach. */
function isLoopback(url: string): boolean {
  return /^(localhost|127\.|\[::1\])/.test(new URL(url).hostname);
}
