import { z } from "zod";
import { type CidrFault, cidrFault, isEverybody } from "../../../policies/guardrails/cidr.ts";
import { reason } from "../../settings/reason.ts";
import { eachOnce } from "./each-once.ts";

/** Blocks of addresses of both families, or of IPv4 alone where the cloud's machine has no other address. */
type Families = "IPv4 and IPv6" | "IPv4";

/** What is wrong with one block of addresses that may reach SSH. */
function blockFault(block: string, families: Families): CidrFault | undefined {
  if (families !== "IPv4" || !block.includes(":")) return cidrFault(block);
  const message = `${JSON.stringify(block)} is IPv6, and the machine's address is IPv4, which nobody reaches from there`;
  return { message, instead: "the IPv4 addresses that you come from, such as 203.0.113.0/24" };
}

/** SSH from listed addresses; from everywhere only in so many words. */
export function publicAccess(families: Families) {
  const block = z.string().superRefine((value, context) => {
    const { message, instead } = blockFault(value, families) ?? {};
    if (message) context.addIssue({ code: "custom", message, params: { instead } });
  });
  const everybody = families === "IPv4" ? "0.0.0.0/0" : "0.0.0.0/0 and ::/0";
  return z
    .strictObject({
      kind: z.literal("public"),
      cidrs: eachOnce(block)
        .min(1)
        .describe(`Blocks of ${families} addresses that may reach SSH: \`203.0.113.0/24\`, \`198.51.100.7/32\`.`),
      fromAnywhere: reason
        .optional()
        .describe(
          `Why everybody may reach SSH; needed for blocks such as ${everybody}. The cloud's rule says as much of it as the cloud has room for. Default: nobody but the blocks.`,
        ),
    })
    .superRefine(({ cidrs, fromAnywhere }, context) => {
      if (fromAnywhere !== undefined) return;
      for (const [index, each] of cidrs.entries()) {
        if (blockFault(each, families) || !isEverybody(each)) continue;
        const message = `${each} opens SSH to the whole internet`;
        const instead = "your own addresses, as /32 or /24; or fromAnywhere: why everybody may reach SSH";
        context.addIssue({ code: "custom", path: ["cidrs", index], message, params: { instead } });
      }
    });
}

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
