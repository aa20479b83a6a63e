// Loaded into the bridge before its own code: ends it with SIGKILL at its n-th change of a file in its state folder, just before
// or just after the change, so that a crash between any two steps can be tried.
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";

const { folder, nth, when } = JSON.parse(process.env.KILL_AT ?? "{}") as { folder: string; nth: number; when: string };
let changes = 0;

function lethal<Arguments extends unknown[]>(real: (...args: Arguments) => Promise<void>) {
  return async (...args: Arguments): Promise<void> => {
    if (!String(args[0]).startsWith(folder)) return await real(...args);
    changes += 1;
    if (changes === nth && when === "before") await die();
    await real(...args);
    if (changes === nth && when === "after") await die();
  };
}

async function die(): Promise<never> {
  process.kill(process.pid, "SIGKILL");
  return await new Promise(() => {});
}

Object.assign(fs, { rename: lethal(fs.rename), rm: lethal(fs.rm) });
syncBuiltinESMExports();
