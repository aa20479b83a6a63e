import { z } from "zod";
import { cidrFault, isEverybody } from "../../../policies/guardrails/cidr.ts";
import { reason } from "../../settings/reason.ts";

/** One block of addresses that may reach SSH. */
const cidr = z.string().superRefine((value, context) => {
  const fault = cidrFault(value);
  if (fault) context.addIssue({ code: "custom", message: fault.message, params: { instead: fault.instead } });
});

/** SSH from listed addresses; from everywhere only in so many words. */
export const publicAccess = z
  .strictObject({
    kind: z.literal("public"),
    cidrs: z
      .array(cidr)
      .min(1)
      .describe("Blocks of addresses that may reach SSH: `203.0.113.0/24`, `198.51.100.7/32`."),
    fromAnywhere: reason
      .optional()
      .describe(
        "Why everybody may reach SSH; needed for blocks such as 0.0.0.0/0 and ::/0. The cloud's rule says as much of it as the cloud has room for. Default: nobody but the blocks.",
      ),
  })
  .superRefine(({ cidrs, fromAnywhere }, context) => {
    if (fromAnywhere !== undefined) return;
    for (const [index, block] of cidrs.entries()) {
      if (cidrFault(block) || !isEverybody(block)) continue;
      const message = `${block} opens SSH to the whole internet`;
      const instead = "your own addresses, as /32 or /24; or fromAnywhere: why everybody may reach SSH";
      context.addIssue({ code: "custom", path: ["cidrs", index], message, params: { instead } });
    }
  });

/** A way in that opens no port; listing addresses beside it would be a second way in. */
export function closedAccess<K extends string>(kind: K) {
  const message = `addresses are let in by access public; with ${kind} no port is open, and one way in is enough`;
  const instead = `access: { kind: ${kind} }, or access: { kind: public, cidrs: […] }`;
  const never = z
    .unknown()
    .optional()
    .superRefine((value, context) => {
      if (value !== undefined) context.addIssue({ code: "custom", message, params: { instead } });
    });
  return z.strictObject({ kind: z.literal(kind), cidrs: never.meta({ hidden: true }) });
}

type Kinds = z.ZodObject<{ kind: z.ZodLiteral<string> }>;

/** Explains a list of access modes and a mapping of them, which are the other ways to ask for two, and a bare word. */
export function oneAccess<S extends z.ZodType & { readonly options: readonly Kinds[] }>(usual: string, schema: S) {
  const kinds = schema.options.map(({ shape }) => shape.kind.value);
  return z.preprocess((value, context) => {
    const refuse = (message: string, kind: string) => {
      context.addIssue({ code: "custom", message, params: { instead: `access: { kind: ${kind} }` } });
      return z.NEVER;
    };
    if (Array.isArray(value)) return refuse("a machine has one access mode, and here is a list", usual);
    if (typeof value === "string") return refuse(`${JSON.stringify(value)} is text; expected a mapping`, value);
    const keys = Object.keys(value ?? {});
    const named = keys.includes("kind") ? [] : kinds.filter((kind) => keys.includes(kind));
    if (named.length > 1) return refuse(`a machine has one access mode, and here are ${named.join(" and ")}`, usual);
    if (named[0] !== undefined) return refuse(`${named[0]} is the kind of access, not a setting of it`, named[0]);
    return value ?? {};
  }, schema);
}
