import type { Paint } from "./paint.ts";
import { changeLines, show } from "./property-lines.ts";
import type { Changes, Diagnostic, Op, Reporter, Step } from "./reporter.ts";
import { nameOf, typeOf } from "./urn.ts";
import type { Properties } from "./values.ts";

interface Look {
  readonly sign: string;
  readonly colour: Parameters<Paint>[0];
  readonly planned: string;
  readonly doing: string;
  readonly done: string;
}

const looks: Record<Op, Look> = {
  same: { sign: " ", colour: "dim", planned: "unchanged", doing: "unchanged", done: "unchanged" },
  create: { sign: "+", colour: "green", planned: "create", doing: "creating", done: "created" },
  update: { sign: "~", colour: "yellow", planned: "update", doing: "updating", done: "updated" },
  replace: { sign: "+-", colour: "magenta", planned: "replace", doing: "replacing", done: "replaced" },
  "create-replacement": {
    sign: "+-",
    colour: "magenta",
    planned: "replace",
    doing: "creating the replacement",
    done: "replacement created",
  },
  "delete-replaced": {
    sign: "-",
    colour: "red",
    planned: "delete the replaced one",
    doing: "deleting the replaced one",
    done: "replaced one deleted",
  },
  delete: { sign: "-", colour: "red", planned: "delete", doing: "deleting", done: "deleted" },
  refresh: { sign: " ", colour: "dim", planned: "unchanged", doing: "reading", done: "read" },
};

/** Lines for a person: what happens to each resource and how long it took, what changes in it, and a sum at the end. */
export class TerminalReporter implements Reporter {
  readonly #write: (line: string) => void;
  readonly #paint: Paint;

  constructor(write: (line: string) => void, paint: Paint) {
    this.#write = write;
    this.#paint = paint;
  }

  phase(title: string): void {
    this.#write("");
    this.#write(this.#paint("bold", `${title}:`));
  }

  planned(step: Step): void {
    if (step.op === "same" || step.op === "refresh" || step.op === "delete-replaced") return;
    const found = step.op === "delete" ? "is gone" : "has drifted";
    this.#line(step, step.found ? found : looks[step.op].planned);
    this.#changes(step);
  }

  started(step: Step): void {
    if (step.before?.custom ?? step.after?.custom) this.#line(step, looks[step.op].doing);
  }

  finished(step: Step, seconds: number): void {
    this.#line(step, `${looks[step.op].done} (${took(seconds)})`);
  }

  failed(step: Step, seconds: number): void {
    this.#line(step, this.#paint("red", `failed (${took(seconds)})`));
  }

  diagnostic({ severity, message, urn }: Diagnostic): void {
    if (severity === "debug") return;
    const colour = { info: "dim", warning: "yellow", error: "red" } as const;
    const about = urn ? `${typeOf(urn)} ${nameOf(urn)}: ` : "";
    const [first = "", ...others] = `${about}${message.trimEnd()}`.split("\n");
    this.#write(`  ${severity === "info" ? "" : this.#paint(colour[severity], `${severity}: `)}${first}`);
    for (const line of others) this.#write(`    ${line}`);
  }

  outputs(outputs: Properties): void {
    const entries = Object.entries(outputs);
    if (entries.length === 0) return;
    this.#write("Outputs:");
    for (const [name, value] of entries) this.#write(`    ${name}: ${show(value)}`);
  }

  summary(changes: Changes, seconds: number, preview: boolean, failures: number): void {
    const words = preview
      ? { create: "to create", update: "to update", replace: "to replace", delete: "to delete" }
      : { create: "created", update: "updated", replace: "replaced", delete: "deleted" };
    const parts = (["create", "update", "replace", "delete"] as const).flatMap((op) =>
      changes[op] ? [`${changes[op]} ${words[op]}`] : [],
    );
    const same = changes.same ? [`${changes.same} unchanged`] : [];
    const failed = failures > 0 ? [`${failures} failed`] : [];
    this.#write(`Resources: ${[...parts, ...same, ...failed, `took ${took(seconds)}`].join(", ")}`);
  }

  say(line: string): void {
    this.#write(line);
  }

  #line({ op, urn }: Step, what: string): void {
    const { sign, colour } = looks[op];
    this.#write(`  ${this.#paint(colour, sign.padEnd(2))} ${typeOf(urn)} ${this.#paint("bold", nameOf(urn))} ${what}`);
  }

  #changes({ before, after, replaceKeys = [] }: Step): void {
    for (const line of changeLines(before, after, this.#paint)) this.#write(`        ${line}`);
    if (replaceKeys.length > 0)
      this.#write(`        ${this.#paint("dim", `replaced because of: ${replaceKeys.join(", ")}`)}`);
  }
}

function took(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10}s`;
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole}s` : `${Math.floor(whole / 60)}m${String(whole % 60).padStart(2, "0")}s`;
}
