import { z } from "zod";
import type { MachineSettings } from "../machine-kinds/index.ts";
import type { Sections } from "./sections.ts";

/** A value of which some parts cannot be read: they are `undefined`, with their key where one is written. Its kind always can. */
export type Legible<T> = T extends readonly (infer E)[]
  ? readonly (Legible<E> | undefined)[]
  : T extends object
    ? Pick<T, Extract<keyof T, "kind">> & { readonly [K in Exclude<keyof T, "kind">]?: Legible<T[K]> | undefined }
    : T;

/** The settings of a stack, as far as they can be read. */
export type LegibleSections = Legible<Omit<Sections, "machine"> & { machine: MachineSettings }>;

/**
 * What can be read of a value, with its defaults, although other parts of it are faulty. So what one part asks of another section is
 * told together with the faults. Of what there is of several kinds nothing can be read without its kind.
 */
export function legible<S extends z.ZodType>(schema: S, written: unknown): Legible<z.output<S>> | undefined {
  return partsOf(schema, written) as Legible<z.output<S>> | undefined;
}

function partsOf(schema: unknown, written: unknown): unknown {
  const whole = (schema as z.ZodType).safeParse(written);
  if (whole.success) return whole.data;
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray && Array.isArray(written)) return written.map((each) => partsOf(inner.element, each));
  if (typeof written !== "object" || written === null || Array.isArray(written)) return undefined;
  const found = inner instanceof z.ZodDiscriminatedUnion ? ofKind(inner, written) : inner;
  if (!(found instanceof z.ZodObject)) return undefined;
  const parts = Object.entries(found.shape).map(([key, part]) => [key, partsOf(part, written[key as never])] as const);
  return Object.fromEntries(parts.filter(([key, value]) => value !== undefined || key in written));
}

function ofKind({ options }: z.ZodDiscriminatedUnion, { kind }: { kind?: unknown }): unknown {
  return options.find((option) => option instanceof z.ZodObject && option.shape.kind.safeParse(kind).success);
}

/** What is inside of a default, and of what only prepares a value for it. */
function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault)
    return unwrapped(schema.unwrap());
  if (schema instanceof z.ZodPipe && schema.in instanceof z.ZodTransform) return unwrapped(schema.out);
  return schema;
}
