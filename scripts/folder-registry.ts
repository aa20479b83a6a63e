import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve, sep } from "node:path";

/**
 * A folder as `scripts/lock mirror` lays it out, as a registry that npm can ask: npm knows http and https only. On loopback, for
 * as long as it is held.
 *
 * @example
 * await using registry = await serveFolder("/srv/mirror/npm");
 * console.log(registry.url); // http://127.0.0.1:40123
 */
export async function serveFolder(folder: string): Promise<AsyncDisposable & { readonly url: string }> {
  const root = resolve(folder);
  const server = createServer(async (request, response) => {
    const file = join(root, decodeURIComponent(new URL(request.url ?? "", "http://folder").pathname));
    const bytes = file.startsWith(root + sep) ? await bytesOf(file).catch(() => undefined) : undefined;
    response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A file's, and a folder's index. */
async function bytesOf(path: string): Promise<Buffer> {
  return readFile((await stat(path)).isDirectory() ? join(path, "index.html") : path);
}
