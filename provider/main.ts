import pulumi from "@pulumi/pulumi";
import { closeAll } from "../host/pool.ts";
import { Dispatcher } from "./dispatch.ts";
import { engineLog } from "./engine-log.ts";
import { answerDiffsInFull } from "./full-diffs.ts";
import { handlers } from "./handlers/index.ts";

const args = process.argv.slice(2);
const engineAddress = args.find((arg) => /^[\w.:[\]-]+:\d+$/.test(arg));
const dispatcher = new Dispatcher(handlers, engineLog(engineAddress));

// A terminal sends Ctrl-C to the engine and to us alike; it is the engine that says what is to be cancelled.
process.on("SIGINT", () => {});
process.on("SIGTERM", async () => {
  await dispatcher.cancel();
  await closeAll();
  process.exit(143);
});

answerDiffsInFull(dispatcher.compare.bind(dispatcher));
await pulumi.provider.main(dispatcher, args);
