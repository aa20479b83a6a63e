import { canonical } from "../../policies/canonical.ts";
import type { AccessChange } from "../../policies/diff.ts";
import type { ToldAccess } from "../preview/access.ts";
import { asCode, between, type Cell } from "./cell.ts";
import { effects } from "./effect-words.ts";
import type { Section } from "./outline.ts";

/** What an agent may do that it may not do now, and the other way round. */
export function accessSection(title: string, all: readonly ToldAccess[]): Section {
  const count = (effect: AccessChange["effect"]) => all.filter((one) => one.effect === effect).length;
  const [gained, lost] = [count("widens"), count("narrows")];
  const unclear = all.filter(({ comparable }) => !comparable).length;
  const isOfMany = all.some(({ of }) => of !== undefined);
  const sources = all.flatMap((one) => one.sources).filter(({ kind }) => kind === "preset");
  const presets = [...new Set(sources.map(({ name }) => `preset ${name}`))];
  return {
    title,
    short: [
      `${gained} gained, ${lost} lost`,
      unclear > 0 ? `${unclear} not comparable, taken as gained` : "",
      presets.length > 0 ? `by ${presets.join(", ")}` : "",
    ]
      .filter((part) => part !== "")
      .join("; "),
    tone: gained > 0 ? "warn" : "good",
    open: true,
    tables: [
      {
        head: ["", ...(isOfMany ? ["Of"] : []), "What", "Where", "For", "From", "Note"],
        rows: drawnTogether(all).map(({ one, whats }) => [
          one.comparable ? effects[one.effect] : "? not comparable",
          ...(isOfMany ? [one.of === undefined ? "" : asCode(one.of)] : []),
          between(", ", whats.map(asCode)),
          one.where ? asCode(one.where) : one.area === "disk" ? "disk" : one.area,
          one.area === "network" ? (one.programs ? between(" ", one.programs.map(asCode)) : "every program") : "",
          between(", ", from(one)),
          between("; ", [
            one.note ?? "",
            one.example && one.effect !== "neutral" ? ["such as ", asCode(one.example)] : "",
          ]),
        ]),
      },
    ],
  };
}

interface Row {
  readonly one: ToldAccess;
  readonly whats: readonly string[];
}

/**
 * What differs by nothing but the path is drawn together where it is much: an allow-list of a host would be pages. A row holds as many as
 * its cell may hold in a comment, so that none is cut off.
 */
function drawnTogether(all: readonly ToldAccess[]): Row[] {
  const key = ({ what: _, example: __, requests, ...rest }: ToldAccess) =>
    canonical({
      ...{ ...rest, programs: rest.programs ?? null, requests: { ...requests, path: undefined } },
      note: noteOnEach(rest.note, requests?.path),
    });
  const alike = Map.groupBy(all, key);
  return all.flatMap((one): Row[] => {
    const same = alike.get(key(one)) ?? [];
    if (one.requests === undefined || same.length <= mostByThemselves) return [{ one, whats: [one.what] }];
    return one === same[0] ? filled(same) : [];
  });
}

function filled(same: readonly ToldAccess[]): Row[] {
  const rows: { one: ToldAccess; whats: string[] }[] = [];
  let room = 0;
  for (const one of same) {
    const row = rows.at(-1);
    if (row && one.what.length <= room) row.whats.push(one.what);
    else {
      rows.push({ one: { ...one, note: noteOnEach(one.note, one.requests?.path) }, whats: [one.what] });
      room = mostCharacters;
    }
    room -= one.what.length;
  }
  return rows;
}

/** A note that names the path of its own row says the same of every path in it. */
function noteOnEach(note: string | undefined, path: string | undefined): string | undefined {
  return path ? note?.replaceAll(`requests of ${path} `, "requests of each path ") : note;
}

/** Of the paths in a row; a cell of a comment is cut after 2000. */
const mostCharacters = 1000;
const mostByThemselves = 5;

// A file or a block may be called whatever a preset is called, or like several of them.
function from({ sources, blocks }: AccessChange): Cell[] {
  if (sources.length === 0) return blocks.map((name) => ["block ", asCode(name)]);
  return sources.map(({ kind, name }) => (kind === "baseline" ? kind : [`${kind} `, asCode(name)]));
}
