import type { DriftedValue } from "../drift/drift.ts";
import { confirms, cutOff, isUntoldUpdate, type ResourceChange } from "../preview/resource-changes.ts";
import { type Expected, type Report, verdictOf } from "../report.ts";
import { accessSection } from "./access-section.ts";
import { asCode, type Cell } from "./cell.ts";
import { cutOffWords, lossOfGoingBack } from "./cut-off-words.ts";
import { factSection } from "./fact-section.ts";
import { guardrailSection } from "./guardrail-section.ts";
import { refusedSection } from "./refused-section.ts";
import { valuesSideBySide } from "./side-by-side.ts";
import { unreadSection } from "./unread-section.ts";
import { unshownSection } from "./unshown-section.ts";

export interface Table {
  /** What it is of its section, where that has more than one. */
  readonly name?: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** A part of a report, as every format shows it. */
export interface Section {
  readonly title: string;
  /** In one line, what a hurried reader takes away. */
  readonly short: string;
  readonly tone: "bad" | "warn" | "good" | "plain";
  /** Shown at once; the rest is folded. */
  readonly open: boolean;
  readonly tables: readonly Table[];
  readonly note?: string;
}

/** A report as sections, the ones that need a decision first. */
export interface Outline {
  readonly title: string;
  readonly headline: string;
  readonly exitCode: number;
  readonly compared: string;
  readonly sections: readonly Section[];
}

/** What a report says, in order, before it becomes Markdown or HTML. */
export function outlineOf(report: Report): Outline {
  const { exitCode, headline } = verdictOf(report);
  const sections = [
    resources(report),
    refusedSection(report),
    unshownSection(report),
    guardrailSection(report),
    access(report),
    exposure(report),
    unjudged(report),
    trust(report),
    model(report),
    versions(report),
    secrets(report),
    settings(report),
    drift(report),
    warnings(report),
    unreadSection(report),
    details(report),
  ];
  return {
    title: `Review of ${report.stack}`,
    headline,
    exitCode,
    compared: report.compared,
    sections: sections.filter((section) => section !== undefined),
  };
}

const words = {
  create: "is created",
  update: "changes in place",
  remake: "IS MADE ANEW",
  replace: "IS REPLACED",
  delete: "IS DELETED",
};

const deed = ({ operation, madeAnew }: ResourceChange) => (madeAnew ? "remake" : operation);
const deedExpected = ({ madeAnew, deleted }: Expected) => (deleted ? "delete" : madeAnew ? "remake" : "replace");

function resources({ resources: all, expected }: Report): Section | undefined {
  if (all.length === 0 && expected.length === 0) return undefined;
  const rank = { replace: 0, delete: 1, remake: 2, update: 3, create: 4 };
  const sorted = [...all].sort((a, b) => rank[deed(a)] - rank[deed(b)] || (a.name < b.name ? -1 : 1));
  const severe = sorted.some(({ operation, lost }) => operation === "replace" || lost) || expected.length > 0;
  const short = all.length > 0 ? counted(all, deed) : `${counted(expected, deedExpected)}, by what the settings say`;
  return {
    title: "What happens",
    short,
    tone: severe ? "bad" : "plain",
    open: severe || all.length <= 12,
    tables: [
      {
        head: ["", "What", "Lost", "Why"],
        rows: [
          ...expected.map((one) => [words[deedExpected(one)], one.label, one.lost, one.because]),
          ...sorted.map((one) => [
            words[deed(one)],
            [`${one.label} `, asCode(one.name)],
            one.lost ?? lossOfGoingBack(one) ?? (one.operation === "replace" ? "nothing that is not made again" : ""),
            why(one),
          ]),
        ],
      },
    ],
  };
}

function counted<T>(all: readonly T[], deedOf: (one: T) => keyof typeof words): string {
  return [...Map.groupBy(all, deedOf)]
    .map(([one, list]) => `${list.length} to ${one === "remake" ? "make anew" : one}`)
    .join(", ");
}

function why(change: ResourceChange): string {
  const { because, values, named, operation } = change;
  const { changed } = change.secrets;
  if (operation === "create" || operation === "delete") return "";
  if (values.length === 0 && cutOff(change)) return cutOffWords(change);
  if (confirms(change)) return "only noted: what was changed without an update is wanted so now";
  if (isUntoldUpdate(change)) return "the preview does not show it";
  const shown = [...values.map(({ path }) => path), ...changed].map((path) => path.split(".")[0] ?? "");
  const keys = because.length > 0 ? because : [...new Set([...shown, ...named.map(({ path }) => path)])];
  const said = keys.slice(0, 6).join(", ") + (keys.length > 6 ? " …" : "");
  return cutOff(change) ? `${said}; ${cutOffWords(change)}` : said;
}

function access({ access: all }: Report): Section | undefined {
  return all.length === 0 ? undefined : accessSection("Access of the agent", all);
}

const exposure = ({ exposure: all }: Report) => factSection("Who can reach it", all, true);
const unjudged = ({ unjudged: all }: Report) => factSection("Not looked into", all, true);
const trust = ({ trust: all }: Report) => factSection("Whom it trusts", all, true);
const model = ({ model: all }: Report) => factSection("Model and provider", all, true);
const versions = ({ versions: all }: Report) => factSection("Versions, digests and sizes", all, all.length <= 8);
const settings = ({ settings: all }: Report) =>
  factSection(
    "Other settings",
    all,
    all.some(({ effect }) => effect === "unclear"),
  );

const mostInShort = 5;

function secrets({ secrets: all }: Report): Section | undefined {
  if (all.length === 0) return undefined;
  const rows = all.map(({ name, kind, note = "" }) => [kind, asCode(name), note]);
  const left = all.length - mostInShort;
  const first = all.slice(0, mostInShort).map(({ name, kind }) => `${name} ${kind}`);
  const short = [...first, ...(left > 0 ? [`${left} more`] : [])].join(", ");
  return {
    title: "Secrets",
    short,
    tone: "plain",
    open: false,
    tables: [{ head: ["", "Name", "Note"], rows }],
    note: "Values are never read.",
  };
}

const fates = { restores: "puts it back", keeps: "keeps it", changes: "changes it", leaves: "leaves it so" };

function drift({ drift: found, driftAccess, unseen = [] }: Report): Section | undefined {
  if (found === undefined) {
    return {
      title: "Drift",
      short: "not looked for",
      tone: "plain",
      open: false,
      tables: [],
      note: "This comparison did not look at the machine.",
    };
  }
  const unshown =
    unseen.length === 0
      ? undefined
      : `What was found of ${unseen.join(", ")} this preview does not show; pulumi preview --show-sames does.`;
  if (found.length === 0) {
    const short = "none found among what changes";
    return { title: "Drift", short, tone: unshown ? "plain" : "good", open: false, tables: [], note: unshown };
  }
  // Only where it is not the same for all.
  const differs = found.some(({ values }) => values.some(({ update }) => update !== "restores"));
  const fate = (update: DriftedValue["update"]) => (differs ? [fates[update]] : []);
  const rows = found.flatMap(({ label, name, gone, values, secrets: others }) => {
    const what = [`${label} `, asCode(name)];
    if (gone) return [[what, "", "is not there any more", "", ...fate("restores")]];
    return [
      ...values.map(({ path, before, after, update }) => [
        ...[what, asCode(path), ...valuesSideBySide(before, after)],
        ...fate(update),
      ]),
      ...others.map((path) => [what, asCode(path), asCode("a secret"), "another one", ...fate("restores")]),
    ];
  });
  const head = ["What", "Property", "As left by the last update", "As found", ...(differs ? ["An update"] : [])];
  const drifted: Table = { head, rows };
  const opened = accessSection("", driftAccess);
  return {
    title: "Drift",
    short: `${found.length} changed without an update${driftAccess.some(({ effect }) => effect === "widens") ? ", which gave the agent more access" : ""}`,
    tone: "warn",
    open: true,
    tables:
      driftAccess.length > 0
        ? [...opened.tables.map((one) => ({ ...one, name: "access" })), { ...drifted, name: "properties" }]
        : [drifted],
    note: [...notesOn(found), unshown].filter((one) => one !== undefined).join(" "),
  };
}

function notesOn(found: NonNullable<Report["drift"]>): string[] {
  const updates = found.flatMap(({ values, gone, secrets: others }) => [
    ...values.map(({ update }) => update),
    ...(gone || others.length > 0 ? (["restores"] as const) : []),
  ]);
  const own = updates.filter((update) => update !== "leaves");
  const others = own.length < updates.length ? ["What an update leaves so is taken away where it was made."] : [];
  if (own.length === 0) return others;
  if (own.every((update) => update === "restores") && others.length === 0)
    return ["An update puts this back. To keep it, take it into the code first: scripts/drift."];
  const kept = "To keep more of it, take that into the code first: scripts/drift.";
  return [`An update makes this what the code says by now. ${kept}`, ...others];
}

function warnings({ warnings: all }: Report): Section | undefined {
  if (all.length === 0) return undefined;
  const rows = all.map((message) => [message.replaceAll(/[ \t\r\n]+/g, " ")]);
  return {
    title: "Warnings",
    short: `${all.length} from the preview`,
    tone: "warn",
    open: false,
    tables: [{ head: ["Said"], rows }],
  };
}

function details({ resources: all }: Report): Section | undefined {
  const lines = all.flatMap(({ name, values, named }) =>
    [...values, ...named].map(({ path, before, after }) => [
      asCode(name),
      asCode(path),
      ...valuesSideBySide(before, after),
    ]),
  );
  if (lines.length === 0) return undefined;
  return {
    title: "Every property",
    short: `${lines.length} changed or new`,
    tone: "plain",
    open: false,
    tables: [{ head: ["Resource", "Property", "Before", "After"], rows: lines }],
  };
}
