import pulumi from "@pulumi/pulumi";
import { closeAll } from "../host/pool.ts";
import { Dispatcher } from "./dispatch.ts";
import { engineLog } from "./engine-log.ts";
import { answerDiffsInFull } from "./full-diffs.ts";
import { handlers } from "./handlers/index.ts";

const args = process.argv.slice(2);
const engineAddress = args.find((arg) => /^[\w.:[\]-]+:\d+$/.test(arg));
const dispatcher = new Dispatcher(handlers, engineLog(engineAddress));

// Either comes from the engine, which gave us a process group of our own: a terminal's Ctrl-C does not reach us. The CLI ends a
// plugin it is done with by SIGINT, and waits five seconds for one that takes no notice.
for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  process.on(signal, async () => {
    await dispatcher.cancel();
    await closeAll();
    process.exit(code);
  });
}

answerDiffsInFull(dispatcher.compare.bind(dispatcher));
await pulumi.provider.main(dispatcher, args);
