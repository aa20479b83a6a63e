import { embeddedEngine } from "../support/engines.ts";
import { operating } from "../support/operating.ts";

operating({ what: "on the embedded engine", engine: await embeddedEngine(), stack: "operating" });
