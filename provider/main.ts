import pulumi from "@pulumi/pulumi";
import { Dispatcher } from "./dispatch.ts";
import { engineLog } from "./engine-log.ts";
import { handlers } from "./handlers/index.ts";

const args = process.argv.slice(2);
const engineAddress = args.find((arg) => /^[\w.:[\]-]+:\d+$/.test(arg));
await pulumi.provider.main(new Dispatcher(handlers, engineLog(engineAddress)), args);
