import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

// The first thing in the program's process. The configuration, with its secrets, comes over standard input, because an
// environment is listed by the system for others to read; then the SDK's own entry takes over with the same arguments.
const { config, secretKeys } = JSON.parse(readFileSync(0, "utf8"));
process.env.PULUMI_CONFIG = JSON.stringify(config);
process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secretKeys);

const project = createRequire(`${process.cwd()}/program`);
project("@pulumi/pulumi/cmd/run");
