/**
 * The things in an answer of `openshell … list -o json`: a bare list before 0.1, afterwards an object that names it. Without any
 * some releases write a sentence instead, which is an empty list.
 *
 * @example
 * listed('{"providers":[{"name":"a"}],"next_page_token":""}', "providers"); // [{ name: "a" }]
 */
export function listed(text: string, name: string): Record<string, unknown>[] {
  try {
    const value = JSON.parse(text) as unknown;
    const list = Array.isArray(value) ? value : (value as Record<string, unknown> | null)?.[name];
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
