import { describe, expect, it } from "vitest";
import { machineIdentity } from "../../provider/handlers/machine-identity.ts";
import { type KeyPair, newKey, startFakeHost } from "../support/fake-host.ts";

const progress = () => ({ log: () => {}, signal: new AbortController().signal });
const hostKey = ({ public: publicKey, private: privateKey }: KeyPair) => ({ publicKey, privateKey });

describe("which key a machine may prove itself with (stand-ins for machines)", () => {
  it("accepts the key of user data while the final one was never in force", async () => {
    const [final, bootstrap] = [newKey(), newKey()];
    await using fake = await startFakeHost({ hostKey: bootstrap });
    const machine = { ...fake.machine, hostKeys: [final.public, bootstrap.public] };
    const state = { machine, hostKey: hostKey(final), ready: true };
    expect(await machineIdentity.read("fake", state, progress())).toMatchObject({ ready: false });
    expect(fake.seen.handshakes).toBe(1);
  });

  it("refuses it from then on, when looking and when changing: it would be given the final key", async () => {
    const [final, bootstrap] = [newKey(), newKey()];
    await using fake = await startFakeHost({ hostKey: bootstrap });
    const machine = { ...fake.machine, hostKeys: [final.public, bootstrap.public] };
    const inputs = { machine, hostKey: hostKey(final), ready: true };
    const state = { ...inputs, hostKeys: [final.public] };
    await expect(machineIdentity.read("fake", state, progress())).rejects.toMatchObject({ kind: "host-key" });
    await expect(machineIdentity.update("fake", inputs, state, progress())).rejects.toMatchObject({ kind: "host-key" });
    expect(fake.seen).toMatchObject({ handshakes: 0, lines: [] });
  });

  it("accepts the key before it when the final key is a new one, and still not the one of user data", async () => {
    const [next, before, bootstrap] = [newKey(), newKey(), newKey()];
    await using fake = await startFakeHost({ hostKey: bootstrap });
    const machine = { ...fake.machine, hostKeys: [next.public, bootstrap.public] };
    const state = { machine, hostKey: hostKey(before), ready: true, hostKeys: [before.public] };
    const inputs = { machine, hostKey: hostKey(next), ready: true };
    await expect(machineIdentity.update("fake", inputs, state, progress())).rejects.toMatchObject({ kind: "host-key" });
    expect(fake.seen.handshakes).toBe(0);
  });

  it("uses one connection with all that pins only the final key", async () => {
    const final = newKey();
    await using fake = await startFakeHost({ hostKey: final });
    const machine = { ...fake.machine, hostKeys: [final.public, newKey().public] };
    const state = { machine, hostKey: hostKey(final), ready: true, hostKeys: [final.public] };
    await machineIdentity.read("fake", state, progress());
    await fake.connect({}, { hostKeys: [final.public] });
    expect(fake.seen.handshakes).toBe(1);
  });
});

describe("the resource", () => {
  it("is replaced with its machine, has its id, and leaves the key when it is deleted", async () => {
    expect(machineIdentity.replaceOn).toEqual([["machine", "id"]]);
    expect(machineIdentity.idOf?.({ machine: { id: "i-1" } } as never)).toBe("i-1");
    await expect(machineIdentity.delete("i-1", {} as never, progress())).resolves.toBeUndefined();
  });
});
