import { z } from "zod";
import type { Handler } from "../handler.ts";

interface ReplacementGuardInputs {
  readonly protectedBy?: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
}

/** What a machine was made from, and whether its cloud lets it be deleted: only compared with what is wanted now. */
export const replacementGuard: Handler<ReplacementGuardInputs> = {
  type: "nemoclaw:index:ReplacementGuard",
  inputs: z.strictObject({
    protectedBy: z.string().optional(),
    settings: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  }),
  replaceOn: [],

  judge({ settings }, recorded) {
    const { protectedBy: by, settings: before = settings } = recorded ?? {};
    // What an earlier release of this package did not note may be as it was.
    const changed = Object.keys(settings).filter((path) => path in before && settings[path] !== before[path]);
    if (by === undefined || changed.length === 0) return { failures: [], warnings: [] };
    const [what, has] = [changed.join(" and "), changed.length === 1 ? "has" : "have"];
    const reason = `${what} ${has} changed, which makes the machine anew; but by ${by} the old one cannot be deleted, and would be left stopped and without its data disk. Set ${by}: false and apply that alone; then change ${what} and apply; then set ${by} back`;
    return { failures: [{ property: "settings", reason }], warnings: [] };
  },

  async create(inputs) {
    return { id: "replacement", state: inputs };
  },
  async read(_id, state) {
    return state;
  },
  async update(_id, inputs) {
    return inputs;
  },
  async delete() {},
};
