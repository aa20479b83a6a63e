/** What a Bot API method answers: a result, or an error as Telegram words it. */
export type Reply = { readonly result: unknown } | { readonly code: number; readonly description: string };

/** A method's success. */
export function ok(result: unknown): Reply {
  return { result };
}

/** A method's failure, worded as Telegram does. */
export function failed(code: number, description: string): Reply {
  return { code, description };
}
