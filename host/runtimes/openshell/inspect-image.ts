/** Whether Docker has an image; unknown where it does not answer. */
export type ImageThere = boolean | "unknown";

/**
 * Lines of shell that print whether Docker has an image, and leave what it shows of it in `$seen`. What Docker warns of beside
 * its answer is no part of that.
 *
 * @param name as a word of shell
 * @param format a template of Docker's, without single quotes
 */
export function inspectImage(name: string, format: string): string {
  return `there=there
seen=$(docker image inspect --format '${format}' ${name} 2>/dev/null) || {
  there=unknown seen=
  case "$(docker image inspect ${name} 2>&1 >/dev/null)" in *"No such image"*) there=none ;; esac
}
echo "$there"`;
}

/** Reads the line that {@link inspectImage} prints. */
export function readThere(line: string | undefined): ImageThere {
  if (line === "there") return true;
  return line === "none" ? false : "unknown";
}
