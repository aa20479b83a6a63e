import { z } from "zod";
import { runProgram } from "./run-program.ts";

/** What a cloud said, or why it did not answer, in the words of its own program, and what was run. */
export type CloudAnswer<T = string> =
  | { readonly said: T; readonly refused?: undefined }
  | { readonly refused: string; readonly ran: readonly string[] };

const timeoutSeconds = 60;

/** Asks a cloud by its own command line, and so by the login of whoever runs this. */
export async function askCloud(ran: readonly string[]): Promise<CloudAnswer> {
  const { exitCode, stdout, stderr } = await runProgram(ran, { timeoutSeconds });
  if (exitCode === 0) return { said: stdout.trim() };
  if (exitCode === 127) return { refused: `there is no ${ran[0]} here`, ran };
  if (exitCode === 124) return { refused: `${ran[0]} did not answer within ${timeoutSeconds} seconds`, ran };
  return { refused: stderr.trim() || `exit ${exitCode}`, ran };
}

/** Asks a cloud for JSON of this shape. */
export async function askCloudFor<S extends z.ZodType>(
  schema: S,
  ran: readonly string[],
): Promise<CloudAnswer<z.output<S>>> {
  const answer = await askCloud(ran);
  if (answer.refused !== undefined) return answer;
  try {
    return { said: schema.parse(JSON.parse(answer.said)) };
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof z.ZodError)) throw error;
    return { refused: `the answer of ${ran[0]} cannot be read`, ran };
  }
}
