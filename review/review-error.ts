/** What cannot be reviewed, and what to try: a broken preview, a revision that is not there. Always exit code 1. */
export class ReviewError extends Error {
  constructor(message: string, hint?: string) {
    super(hint === undefined ? message : `${message}\n  try   ${hint}`);
    this.name = "ReviewError";
  }
}
