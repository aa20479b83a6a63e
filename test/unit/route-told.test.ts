import { describe, expect, test } from "vitest";
import { notNow, toldOf } from "../../services/inference-route/told.ts";
import { errorOfBody } from "../../services/inference-route/upstream-error.ts";

const tooLarge = "This request is too large for the model: it exceeds the maximum context length.";
const openai = "Your input exceeds the context window of this model. Please adjust your input and try again.";
const google = "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).";
const google400 = { code: 400, message: google, status: "INVALID_ARGUMENT" };
const vllm = "This model's maximum context length is 16384 tokens. However, your request has 20000 input tokens.";
const litellm = `litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - ${openai}. Received Model Group=m`;
const anthropic =
  "input length and `max_tokens` exceed context limit: 198608 + 21333 > 200000, decrease input length or `max_tokens` and try again";
const nvidia =
  "You passed 170753 input tokens and requested 32000 output tokens. However, the model's context length is only 202752 tokens.";

function told(body: unknown): string {
  return toldOf(errorOfBody(JSON.stringify(body)));
}

/** An error as OpenAI's API has it. */
function said(message: string, more: object = {}): object {
  return { error: { message, type: "invalid_request_error", ...more } };
}

// By OpenClaw's own tables of 2026.9.6, all of these put the provider away, or are tried again for long.
const faults = [
  "insufficient_quota|Your credit balance is too low|Payment required|requires more credits|daily limit|you received a 402",
  "invalid_api_key|access denied|the key has been disabled|missing scopes: a|HTTP 403|invalid token|OAuth token refresh failed",
  "Too Many Requests|ThrottlingException|RESOURCE_EXHAUSTED|error code: 429|tokens per day|model_cooldown|Retry after 20 s",
  "overloaded_error|model is at capacity|service unavailable|high demand|bad gateway|status: 503|Provider returned error",
  "request timed out|socket hang up|ECONNRESET|connection reset|stream ended before message_stop|fetch failed|network_error",
  "The model `x` does not exist|unknown model: x|no endpoints found|model x is not available on your plan|404 page",
  "session expired|an unknown error occurred|Please try again later|请求过于频繁|余额不足|认证失败|系统繁忙|(403)|401 Go away",
].flatMap((row) => row.split("|"));

test.each(faults)("words that the agent takes for the provider's fault are kept from it: %s", (words) => {
  expect(told(said(words))).toBe(notNow);
  expect(told(said("later", { type: words }))).toBe(notNow);
});

test.each([
  ["a status as its code", { code: 401 }],
  ["a status as text", { code: "502" }],
  ["a status of its own", { status: 429 }],
  ["a type of the API's own fault", { type: "api_error" }],
  ["a status by Google's name", { status: "INTERNAL" }],
])("an error with %s is not about the request", (_what, more) => {
  expect(told(said("no", more))).toBe(notNow);
});

describe("a request that is too long is told by the words by which the agent sees it", () => {
  test.each([
    ["OpenAI's", said(openai, { param: "input", code: "context_length_exceeded" }), openai],
    ["Anthropic's", { type: "error", error: { type: "invalid_request_error", message: anthropic } }, anthropic],
    ["Google's", [{ error: google400 }], google],
    [
      "Google's with a list",
      [{ error: { ...google400, errors: [{ message: google, reason: "badRequest" }] } }],
      google,
    ],
    ["LiteLLM's", said(litellm, { type: null, param: null, code: "400" }), litellm],
    ["vLLM's", { object: "error", message: vllm, type: "BadRequestError", param: null, code: 400 }, vllm],
    ["NVIDIA's problem", { type: "urn:x:problem-details:bad-request", title: "Bad", status: 400, detail: vllm }, vllm],
    ["llama.cpp's", said("request (5000 tokens) exceeds the available context size (4096 tokens)"), expect.any(String)],
  ])("%s", (_whose, body, expected) => {
    expect(told(body)).toEqual(expected);
    expect(told(body)).not.toBe(notNow);
  });

  // By these sentences alone the agent does not see it.
  test.each([
    ["NVIDIA's", said(nvidia, { code: 400 }), nvidia],
    ["NVIDIA's text", { error: "Input length 548 exceeds maximum allowed token size 512" }, "Input length 548"],
    ["NVIDIA's list", { detail: [{ loc: ["body"], msg: "input length 9 exceeds the maximum" }] }, "input length 9"],
    ["vLLM's", said("The decoder prompt (length 21535) is longer than the maximum model length of 16384."), "21535"],
    ["OpenAI's code", said("Bad request.", { code: "context_length_exceeded" }), "Bad request."],
    ["Anthropic's type", { error: { type: "request_too_large", message: "No." } }, "No."],
  ])("%s, in those and in its own", (_whose, body, own) => {
    expect(told(body)).toContain(own);
    expect(told(body).startsWith(`${tooLarge} `)).toBe(true);
  });

  test.each([
    ["quotes another API", said("Provider returned error", { metadata: { raw: JSON.stringify(said(vllm)) } })],
    ["speaks of a key, too", said("prompt is too long (HTTP 403, unauthorized)")],
    ["has a number that would be changed", said("the prompt is too long: 1,401 tokens")],
    ["counts by the minute", said("tokens per min (TPM): Limit 9, Requested 12", { code: "rate_limit_exceeded" })],
  ])("where the error %s, in those alone", (_what, body) => {
    expect(told(body)).toBe(tooLarge);
  });

  test.each(["Monthly token limit exceeded", "ThrottlingException: Too many tokens", "Rate limit: prompt is too long"])(
    "but a limit for a time is none: %s",
    (words) => {
      expect(told(said(words))).toBe(notNow);
    },
  );
});

describe("the request's own fault", () => {
  test.each([
    "Unsupported value: 'temperature' does not support 0.2 with this model.",
    "Invalid prompt: your prompt was flagged. Please try again with a different prompt.",
    "Invalid schema for function 'reset_session': In context=(), 'x' is not valid",
    "max_tokens is too large: 128000. This model supports at most 16384 completion tokens",
    "The image has 512 colours (512 tokens)",
  ])("is told: %s", (words) => {
    expect(told(said(words))).toBe(words);
  });

  test("is told with its numbers, which the agent must not take for a status", () => {
    expect(told(said("messages.403: must not be empty"))).toBe("messages.0403: must not be empty");
    expect(told(said(`${vllm} (8192 in the messages, 401 in the completion)`))).toMatch(/, 0401 in the completion/);
  });

  test("is told as far as the agent reads it, also where it has all of the request in it", () => {
    const words = `not valid: ${"max_tokens exceed model ".repeat(100_000)}`;
    expect(told({ detail: [{ msg: words, input: words }] })).toBe(words.slice(0, 4096));
  });

  test("is found where FastAPI lists it", () => {
    expect(told({ detail: [{ loc: ["body", "top_p"], msg: "must be below 1" }, "or left out"] })).toBe(
      "must be below 1; or left out",
    );
  });
});
