import { z } from "zod";

const factors = { K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 } as const;

/** The bytes of a size as systemd writes it: `2500M`, in powers of 1024. NaN when it is not one. */
export function bytesOf(size: string): number {
  const [, count, unit] = /^(\d+)([KMGT])$/.exec(size) ?? [];
  return Number(count) * factors[unit as keyof typeof factors];
}

/** A size such as `2500M` or `4G`. */
export const memory = z.string().superRefine((value, context) => {
  if (bytesOf(value) > 0) return;
  const [, count, unit = ""] = /^(\d+)\s*([kmgt])?i?b?$/i.exec(value.trim()) ?? [];
  context.addIssue({
    code: "custom",
    message: `${JSON.stringify(value)} is not a size; expected a whole number and K, M, G or T`,
    params: { instead: count && unit ? `${count}${unit.toUpperCase()}` : "2500M" },
  });
});

/** The same, no smaller than `least`, and why. */
export function atLeast(least: string, why: string) {
  return memory.superRefine((value, context) => {
    if (!(bytesOf(value) < bytesOf(least))) return;
    const message = `${value} is too little: ${why}`;
    context.addIssue({ code: "custom", message, params: { instead: `${least} or more` } });
  });
}
