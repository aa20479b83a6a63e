import { z } from "zod";

/** A list of texts of which each becomes a resource by its name, so none may stand there twice. */
export function eachOnce(item: z.ZodType<string, string>) {
  return z.array(item).superRefine((all, context) => {
    for (const [index, each] of all.entries()) {
      if (all.indexOf(each) === index) continue;
      const message = `${JSON.stringify(each)} stands in the list already`;
      context.addIssue({ code: "custom", path: [index], message, params: { instead: "leave it out here" } });
    }
  });
}
