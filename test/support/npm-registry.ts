import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

/** A package as npm packs it, made in a folder. */
export function packed(
  folder: string,
  name: string,
  version: string,
  more: object = {},
): { tgz: Buffer; integrity: string } {
  const at = join(folder, `pack-${name.replace("/", "-")}-${version}`);
  mkdirSync(join(at, "package"), { recursive: true });
  writeFileSync(join(at, "package/package.json"), JSON.stringify({ name, version, ...more }));
  spawnSync("tar", ["-czf", join(at, "it.tgz"), "-C", at, "package"]);
  const tgz = readFileSync(join(at, "it.tgz"));
  return { tgz, integrity: `sha512-${createHash("sha512").update(tgz).digest("base64")}` };
}

/**
 * A web server on loopback that knows nothing of npm: a path's bytes, or as text where to go instead. It ends with the
 * process, since clients keep their connections.
 */
export async function serve(answer: (path: string) => Buffer | string | undefined): Promise<string> {
  const server = createServer((request, response) => {
    const found = answer(decodeURIComponent(request.url ?? ""));
    if (typeof found === "string") response.writeHead(301, { location: found }).end();
    else response.writeHead(found === undefined ? 404 : 200).end(found);
  });
  server.unref();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
