import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Owner } from "../../host/machine.ts";
import { program } from "../../host/runtimes/openshell/cli.ts";
import { type RuntimeKind, runtimeKinds } from "../../host/runtimes/runtime.ts";
import { runtimeOf } from "../../host/runtimes/runtimes.ts";
import { exchangeWorkspace } from "../../scripts/exchange-workspace.ts";
import { startFakeHost } from "../support/fake-host.ts";
import { putProgram } from "../support/stand-ins.ts";

/** What a runtime runs stands still while its files are exchanged: of every one, on a machine whose programs are stand-ins. */
const recorded = parse(readFileSync(resolve(import.meta.dirname, "../fixtures/openshell/boxes.yaml"), "utf8")) as {
  readonly owner: Owner;
  readonly ours: { readonly get: { readonly stdout: string } };
};

/** What runs is in a folder, under its name; what is stopped, exchanged and started is in a file, in order. */
const programs = (folder: string) => ({
  systemctl: `cd ${folder}/running
verb=$1; shift
for unit; do
  case "$verb $unit" in
  *' -'*) ;;
  is-active*) test -e "$unit" && echo active || echo inactive ;;
  stop*) rm -f "$unit"; echo "stop $unit" >>../done ;;
  start*) touch "$unit"; echo "start $unit" >>../done ;;
  esac
done`,
  runuser: `cd ${folder}/running
while test "$1" != ${program}; do shift; done
case "$2 $3" in
"sandbox get") test -e box && phase=Ready || phase=Stopped; sed "s/PHASE/$phase/" ../answer ;;
"sandbox stop") rm -f box; echo "stop box" >>../done ;;
"sandbox start") touch box; echo "start box" >>../done ;;
esac`,
  docker: `test ! -e ${folder}/running/box || echo box`,
  curl: "exit 7",
  mv: `echo "exchange, while these run:" $(ls ${folder}/running | grep -v openshell) >>${folder}/done; exec /bin/mv "$@"`,
});

const started: Readonly<Record<RuntimeKind, readonly string[]>> = {
  embedded: ["gate", "route", "sandbox"].map((part) => `nemoclaw-${part}@main.service`),
  openshell: ["nemoclaw-openshell.service", "box", "nemoclaw-sandbox@main.service"],
};

test.each(runtimeKinds)(
  "under %s all that runs is stopped, then the files are exchanged, then it is started",
  async (kind) => {
    await using box = await startFakeHost();
    for (const [name, text] of Object.entries(programs(box.folder))) putProgram(join(box.folder, "bin"), name, text);
    const [running, path, unpacked] = ["running", "work", "work.import.new"].map((name) => join(box.folder, name)) as [
      string,
      string,
      string,
    ];
    for (const each of [running, path, unpacked]) mkdirSync(each);
    for (const each of started[kind]) writeFileSync(join(running, each), "");
    writeFileSync(join(unpacked, "imported"), "");
    writeFileSync(join(box.folder, "done"), "");
    writeFileSync(join(box.folder, "answer"), recorded.ours.get.stdout.replace('"Ready"', '"PHASE"'));

    const power = runtimeOf(kind).operations.power("main", recorded.owner);
    const exchange = { stack: "prod", path, unpacked, power, start: true, say: () => {} };
    expect(await exchangeWorkspace(await box.connect(), exchange)).toBeUndefined();
    expect(readdirSync(path)).toEqual(["imported"]);

    const lines = readFileSync(join(box.folder, "done"), "utf8").trim().split("\n");
    const first = lines.findIndex((line) => line.startsWith("exchange"));
    const last = lines.findLastIndex((line) => line.startsWith("exchange"));
    const own = started[kind].filter((name) => name !== "nemoclaw-openshell.service");
    expect(lines.slice(0, first).toSorted()).toEqual(own.map((name) => `stop ${name}`).toSorted());
    expect(lines.slice(first, last + 1)).toEqual(Array(3).fill("exchange, while these run:"));
    expect(lines.slice(last + 1)).toEqual(started[kind].map((name) => `start ${name}`));
  },
);
