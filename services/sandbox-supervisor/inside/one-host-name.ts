/**
 * Options for Node that make a program see one name of its computer in every container. OpenClaw notes the host and the process
 * that hold its state, and takes the state over at once when it sees that the process is dead. Of another host it cannot
 * know that, and waits for minutes; a container is called otherwise each time, and here there is never a second one.
 *
 * @example
 * spawn(process.execPath, [...oneHostName("nemoclaw"), "program.mjs"]);
 */
export function oneHostName(name: string): string[] {
  const module = `import os from "node:os";
import { syncBuiltinESMExports } from "node:module";
os.hostname = () => ${JSON.stringify(name)};
syncBuiltinESMExports();`;
  return ["--import", `data:text/javascript,${encodeURIComponent(module)}`];
}
