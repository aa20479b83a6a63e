import pulumi from "@pulumi/pulumi";
import { closeAll } from "../host/pool.ts";
import { Dispatcher } from "./dispatch.ts";
import { engineLog } from "./engine-log.ts";
import { answerDiffsInFull } from "./full-diffs.ts";
import { handlers } from "./handlers/index.ts";

const args = process.argv.slice(2);
const engineAddress = args.find((arg) => /^[\w.:[\]-]+:\d+$/.test(arg));
const dispatcher = new Dispatcher(handlers, engineLog(engineAddress));

async function end(code: number): Promise<void> {
  await dispatcher.cancel();
  await closeAll();
  process.exit(code);
}

// Either comes from the engine, which gave us a process group of our own: a terminal's Ctrl-C does not reach us. The CLI ends a
// plugin it is done with by SIGINT, and waits five seconds for one that takes no notice.
process.on("SIGINT", () => end(130)).on("SIGTERM", () => end(143));

// An engine that was killed says nothing. Without it nobody takes what we do into a state, and we would hold the machine for ever.
const engine = process.ppid;
const watch = setInterval(() => {
  if (process.ppid === engine) return;
  clearInterval(watch);
  void end(143);
}, 1000);

answerDiffsInFull(dispatcher.compare.bind(dispatcher));
await pulumi.provider.main(dispatcher, args);
