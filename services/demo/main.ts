import { parseArgs } from "node:util";
import { serve } from "./json-http.ts";
import { createModel } from "./model.ts";
import { createTelegram } from "./telegram.ts";

// The DEMO: a model that thinks nothing and a stand-in for Telegram, in one process, for machines without any account.
const { values } = parseArgs({
  options: {
    host: { type: "string", default: "0.0.0.0" },
    "model-port": { type: "string", default: "8080" },
    "telegram-port": { type: "string", default: "8081" },
  },
});

const servers = await Promise.all([
  serve(createModel(), Number(values["model-port"]), values.host),
  serve(createTelegram(), Number(values["telegram-port"]), values.host),
]);
console.log(JSON.stringify({ demo: "ready", listening: servers.map((server) => server.address()) }));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  });
}
