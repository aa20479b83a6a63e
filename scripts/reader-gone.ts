/**
 * Lets a script go on to its end when whoever reads what it prints has gone, as `| head` does: what it is at may be half done. Without
 * this it ends in a stack trace.
 */
export function outliveReader(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
