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

/**
 * Ends a script that only shows, again and again, when whoever reads what it prints has gone: nothing of it is half done, and nobody
 * is left to see the rest. As for any program, that is noticed when the next line is printed.
 */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
  });
}
