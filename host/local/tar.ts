/** Small tar archives made in memory, so that a key on its way into a container never touches the operator's disk. */

export interface TarFile {
  /** Relative to where the archive is unpacked; one that ends in `/` is a folder. At most 100 bytes. */
  readonly path: string;
  /** @default "" */
  readonly content?: string | Uint8Array;
  /** @default 0o644, for folders 0o755 */
  readonly mode?: number;
}

/**
 * A ustar archive of files owned by root.
 *
 * @example
 * await docker(["cp", "-", `${id}:/`], { input: tar([{ path: "etc/ssh/key", content: key, mode: 0o600 }]) });
 */
export function tar(files: readonly TarFile[]): Uint8Array {
  const blocks = files.flatMap(({ path, content = "", mode }) => {
    const bytes = Buffer.from(content);
    return [
      header(path, bytes.length, mode ?? (path.endsWith("/") ? 0o755 : 0o644)),
      bytes,
      Buffer.alloc((512 - (bytes.length % 512)) % 512),
    ];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function header(path: string, size: number, mode: number): Buffer {
  if (Buffer.byteLength(path) > 100) throw new Error(`a path in a small archive has at most 100 bytes: ${path}`);
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at);
  block.write(path, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(Math.floor(Date.now() / 1000), 136, 12);
  block.write("        ", 148);
  block.write(path.endsWith("/") ? "5" : "0", 156);
  block.write("ustar\x0000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}
