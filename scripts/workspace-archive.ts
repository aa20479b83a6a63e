import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";

/** What an archive holds, and what it is known by. */
export interface ArchiveContent {
  /** Of the file as it lies there, in hex. */
  readonly sha256: string;
  readonly members: number;
  /** Unpacked. */
  readonly bytes: number;
}

/** An archive that is not unpacked, and which of its members is why. */
export class ArchiveError extends Error {}

/**
 * Reads a gzipped tar archive through before any of it is unpacked.
 *
 * @throws ArchiveError when it is none, is cut short, or a member would land or point, by a hard link or through a link of the
 * archive's own, outside the folder it is unpacked into
 */
export async function inspectArchive(file: string): Promise<ArchiveContent> {
  const hash = createHash("sha256");
  const reader = new MemberReader();
  const compressed = new PassThrough();
  compressed.on("data", (chunk: Buffer) => hash.update(chunk));
  try {
    await pipeline(createReadStream(file), compressed, createGunzip(), async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) reader.read(chunk);
    });
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code?.startsWith("Z_")) throw new ArchiveError(`it is not a whole gzip file: ${message}`);
    throw new ArchiveError(`it cannot be read: ${message}`);
  }
  return { sha256: hash.digest("hex"), ...reader.end() };
}

const block = 512;
const noTar = "it is not a tar archive, or it is damaged";
const mostNameBytes = 64 * 1024;

/** What a header before says about the next member: a long name, a long target, the size of a file of 8 GiB or more. */
interface Said {
  path?: string;
  target?: string;
  size?: number;
}

/** A header that goes with the next one, while its content is read. */
interface Kept {
  readonly type: string;
  left: number;
  readonly padding: number;
  readonly parts: Buffer[];
}

/** Goes through the headers of a tar stream, and passes contents over. */
class MemberReader {
  readonly #links = new Set<string>();
  #rest: Buffer = Buffer.alloc(0);
  #skip = 0;
  #said: Said = {};
  #kept: Kept | undefined;
  #members = 0;
  #bytes = 0;
  #ended = false;

  read(chunk: Buffer): void {
    let data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (data.length > 0) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, data.length);
        this.#skip -= passed;
        data = data.subarray(passed);
      } else if (this.#kept) data = this.#keep(this.#kept, data);
      else if (data.length < block) break;
      else {
        if (!this.#ended) this.#header(data.subarray(0, block));
        data = data.subarray(block);
      }
    }
    this.#rest = data;
  }

  end(): { members: number; bytes: number } {
    if (!this.#ended || this.#skip > 0) throw new ArchiveError("it is cut short");
    return { members: this.#members, bytes: this.#bytes };
  }

  #header(header: Buffer): void {
    if (header.every((byte) => byte === 0)) {
      this.#ended = true;
      return;
    }
    const stored = Number.parseInt(header.toString("latin1", 148, 156), 8);
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
    if (stored !== sum) throw new ArchiveError(noTar);
    const type = String.fromCharCode(header[156] || 48);
    const own = numberAt(header, 124, 136);
    const size = "xLKg".includes(type) ? own : (this.#said.size ?? own);
    const padding = (block - (size % block)) % block;
    if ("xgLK".includes(type)) {
      if (size > mostNameBytes) throw new ArchiveError(`a name in it has ${size} bytes`);
      this.#kept = { type, left: size, padding, parts: [] };
      return;
    }
    this.#skip = size + padding;
    const prefix = textAt(header, 345, 500);
    const short = textAt(header, 0, 100);
    const path = this.#said.path ?? (prefix && textAt(header, 257, 262) === "ustar" ? `${prefix}/${short}` : short);
    // tar takes what follows such a member for the next one, whatever size it has, and such a name for a folder's.
    if (size > 0 && ("1256".includes(type) || path.endsWith("/"))) throw new ArchiveError(noTar);
    this.#member(type, path, this.#said.target ?? textAt(header, 157, 257));
    this.#said = {};
    this.#members += 1;
    this.#bytes += size;
  }

  #keep(kept: Kept, data: Buffer): Buffer {
    const piece = data.subarray(0, kept.left);
    kept.parts.push(piece);
    kept.left -= piece.length;
    if (kept.left > 0) return Buffer.alloc(0);
    const text = Buffer.concat(kept.parts);
    if (kept.type === "x") this.#said = { ...this.#said, ...paxRecords(text) };
    else if (kept.type === "g") {
      // It holds for all members that follow.
      if (Object.keys(paxRecords(text)).length > 0) throw new ArchiveError("it renames or resizes all of its members");
    } else {
      const name = kept.type === "L" ? "path" : "target";
      if (name in this.#said) throw new ArchiveError(noTar);
      this.#said[name] = text.toString("utf8").replace(/\0+$/, "");
    }
    this.#skip = kept.padding;
    this.#kept = undefined;
    return data.subarray(piece.length);
  }

  #member(type: string, path: string, target: string): void {
    const shown = JSON.stringify(path);
    const inside = insidePath(path);
    if (inside === undefined) throw new ArchiveError(`its member ${shown} would land outside the workspace`);
    const through = foldersOf(inside).find((folder) => this.#links.has(folder));
    if (through !== undefined) throw new ArchiveError(`its member ${shown} goes through the link ${through}`);
    if (!"01256".includes(type)) throw new ArchiveError(`its member ${shown} is neither file, folder nor link`);
    if (type === "1") {
      const to = insidePath(target);
      if (to === undefined || [...foldersOf(to), to].some((each) => this.#links.has(each))) {
        throw new ArchiveError(`its member ${shown} is a hard link to ${JSON.stringify(target)}`);
      }
    }
    if (type === "2") this.#links.add(inside);
    else this.#links.delete(inside);
  }
}

/** A path below the folder that it is unpacked into, without needless parts; undefined for any other. */
function insidePath(path: string): string | undefined {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  return path === "" || path.startsWith("/") || path.includes("\0") || parts.includes("..")
    ? undefined
    : parts.join("/");
}

function foldersOf(path: string): string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, n) => parts.slice(0, n + 1).join("/"));
}

function textAt(header: Buffer, from: number, to: number): string {
  const field = header.subarray(from, to);
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end === -1 ? field.length : end);
}

// Octal digits, or for what is too large for them a number with the first bit set.
function numberAt(header: Buffer, from: number, to: number): number {
  const field = header.subarray(from, to);
  const first = field[0] ?? 0;
  const value =
    first & 0x80
      ? field.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f)
      : Number.parseInt(textAt(header, from, to).trim() || "0", 8);
  return sizeOf(value);
}

function sizeOf(value: number | string): number {
  const size = typeof value === "number" || /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new ArchiveError(noTar);
}

// Records of `<length> <key>=<value>\n`, where the length is the whole record's.
function paxRecords(data: Buffer): Said {
  const said: Said = {};
  for (let at = 0; at < data.length; ) {
    const length = Number(/^(\d+) /.exec(data.toString("latin1", at, at + 20))?.[1]);
    const record = data.toString("utf8", at, at + length);
    const [, key = "", value = ""] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(record) ?? [];
    if (!(length > 0) || key === "") throw new ArchiveError(noTar);
    // tar would take the name of such a member, and its size, from elsewhere.
    if (key.startsWith("GNU.sparse.")) throw new ArchiveError("it has members with holes in them");
    if (key === "path") said.path = value;
    if (key === "linkpath") said.target = value;
    if (key === "size") said.size = sizeOf(value);
    at += length;
  }
  return said;
}
