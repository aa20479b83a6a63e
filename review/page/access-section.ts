import type { AccessChange } from "../../policies/diff.ts";
import { asCode } from "./as-code.ts";
import { effects } from "./effect-words.ts";
import type { Section } from "./outline.ts";

/** What an agent may do that it may not do now, and the other way round. */
export function accessSection(title: string, all: readonly AccessChange[]): Section {
  const count = (effect: AccessChange["effect"]) => all.filter((one) => one.effect === effect).length;
  const [gained, lost] = [count("widens"), count("narrows")];
  const unclear = all.filter(({ comparable }) => !comparable).length;
  const presets = [...new Set(all.flatMap(({ sources }) => sources))].filter((source) => source.startsWith("preset "));
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
        head: ["", "What", "Where", "For", "From", "Note"],
        rows: all.map((one) => [
          one.comparable ? effects[one.effect] : "? not comparable",
          asCode(one.what),
          one.where ? asCode(one.where) : one.area === "disk" ? "disk" : one.area,
          one.area === "network" ? (one.programs?.map(asCode).join(" ") ?? "every program") : "",
          // A block may be called whatever a preset is called.
          [...one.sources, ...(one.sources.length === 0 ? one.blocks.map((name) => `block ${name}`) : [])].join(", "),
          [one.note, one.example && one.effect !== "neutral" ? `such as ${asCode(one.example)}` : ""]
            .filter(Boolean)
            .join("; "),
        ]),
      },
    ],
  };
}
