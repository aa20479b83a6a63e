/**
 * An image's reference without its tag.
 *
 * @example
 * withoutTag("localhost:5000/site/agent:1.0"); // "localhost:5000/site/agent"
 */
export function withoutTag(reference: string): string {
  return reference.replace(/:[^/:]+$/, "");
}
