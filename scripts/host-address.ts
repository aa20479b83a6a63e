/** A host and its SSH port, as people write them: `gpu.example.com`, `10.0.0.4:2222`, `[2001:db8::4]:22`, `2001:db8::4`. */
export function hostAddress(text: string): { address: string; port: number } | undefined {
  const bracketed = /^\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?$/.exec(text);
  const bare = /^[0-9A-Fa-f]*(:[0-9A-Fa-f.]*){2,}$/.test(text) ? [text, text] : undefined;
  const [, address, number = "22"] =
    bracketed ?? bare ?? /^([A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const port = Number(number);
  return address && port >= 1 && port <= 65535 ? { address, port } : undefined;
}
