import { HostError } from "./errors.ts";

interface Known {
  readonly said: RegExp;
  readonly what: (program: string) => string;
  readonly try: string;
}

/** What the clouds' programs say when waiting for the machine would not help. */
const known: readonly Known[] = [
  {
    said: /SessionManagerPlugin is not found/i,
    what: () => "session-manager-plugin is not installed here",
    try: "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html",
  },
  {
    said: /Unable to locate credentials|ExpiredToken|InvalidClientTokenId|UnrecognizedClient|SSO session|Token has expired|aws login/i,
    what: (program) => `${program} is not logged in here`,
    try: "aws sso login, or set AWS_PROFILE; then: aws sts get-caller-identity",
  },
  {
    said: /gcloud auth login|Reauthentication|invalid_grant/i,
    what: (program) => `${program} is not logged in here`,
    try: "gcloud auth login",
  },
  // Not Google's refusal: a right that the stack has just given takes a while to be in force.
  {
    said: /AccessDenied|not authorized to perform/i,
    what: (program) => `whoever is logged in to ${program} may not open this way`,
    try: "ask for the right to it: ssm:StartSession, or ec2-instance-connect:OpenTunnel",
  },
  {
    said: /invalid choice|unrecognized arguments/i,
    what: (program) => `${program} is too old for this way`,
    try: "install its current version: aws 2, or gcloud components update",
  },
];

/**
 * The fault of a program that carries a connection, told by its own words: not installed whole, not logged in, too old. Such a
 * one is not waited for.
 *
 * @returns undefined when the machine may only not be up yet
 */
export function carrierFault(argv: readonly string[], where: string, error: HostError): HostError | undefined {
  const { said = "" } = error.details;
  const fault = known.find((each) => each.said.test(said));
  if (!fault) return undefined;
  return new HostError("unreachable", {
    summary: `${fault.what(argv[0] ?? "")}, and ${where} is reached through it`,
    ran: argv.join(" "),
    said,
    try: fault.try,
    cause: error,
  });
}
