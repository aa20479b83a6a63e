import { realCli } from "../support/engines.ts";
import { operating } from "../support/operating.ts";

operating({ what: "on the real Pulumi CLI", engine: await realCli(), stack: "cli-operating" });
