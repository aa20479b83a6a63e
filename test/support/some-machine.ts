/** A machine's inputs that the plugin's check takes; nothing connects to it. */
export const someMachine = {
  id: "local:abc",
  address: "127.0.0.1",
  port: 22,
  user: "admin",
  hostKeys: ["ssh-ed25519 AAAA"],
  arch: "amd64",
  gpu: "none",
  owner: { project: "nemoclaw", stack: "s", installation: "i" },
};
