import { z } from "zod";

const hostPattern = z
  .string()
  .min(1)
  .regex(/^[^\s{}]+$/, { error: "expected a host pattern such as *.example.com, without spaces or braces" })
  .transform((host) => host.toLowerCase());

/** Something of OpenShell's that looks at admitted requests before credentials are added. */
const middlewareSchema = z.strictObject({
  name: z.string().min(1).optional(),
  middleware: z.string().min(1),
  order: z.int().min(-2_147_483_648).max(2_147_483_647).optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  on_error: z.enum(["fail_closed", "fail_open"]).optional(),
  endpoints: z
    .strictObject({ include: z.array(hostPattern).min(1), exclude: z.array(hostPattern).optional() })
    .refine(({ include, exclude = [] }) => include.length + exclude.length <= 32, {
      error: "at most 32 patterns are allowed, include and exclude together",
      params: { instead: "a wider pattern, or a second entry" },
    }),
});

export const middlewaresSchema = z.record(z.string().min(1), middlewareSchema).superRefine((entries, context) => {
  const names = Object.keys(entries);
  if (names.length > 10) {
    context.addIssue({ code: "custom", message: `${names.length} entries, and at most 10 are allowed`, params: {} });
  }
  const seen = new Map<number, string>();
  for (const [name, { order = 0 }] of Object.entries(entries)) {
    const other = seen.get(order);
    if (other !== undefined) {
      context.addIssue({
        code: "custom",
        path: [name, "order"],
        message: `order ${order} is already that of ${other}`,
        params: { instead: `an order of its own, such as ${Math.max(...seen.keys()) + 10}` },
      });
    }
    seen.set(order, name);
  }
});
