import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

/** A PEM file and how long to wait for it to appear. */
export interface Awaited {
  readonly path: string;
  readonly seconds: number;
}

/**
 * The authorities that programs inside trust: the machine's own and the egress gate's, as one PEM text. The gate makes its
 * authority when it first starts, which may be just now, so this waits for it.
 *
 * @throws when the gate's authority does not appear in time
 */
export async function trustBundle(systemPath: string, gate: Awaited): Promise<string> {
  const [system, own] = await Promise.all([readFile(systemPath, "utf8"), appearing(gate)]);
  return `${system.trimEnd()}\n${own.trimEnd()}\n`;
}

async function appearing({ path, seconds }: Awaited): Promise<string> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const text = await readFile(path, "utf8").catch(() => "");
    if (text.includes("-----END CERTIFICATE-----")) return text;
    if (performance.now() > deadline) {
      throw new Error(`the egress gate's authority ${path} did not appear within ${seconds} s; does the gate run?`);
    }
    await sleep(200);
  }
}
