// The sentences by which OpenClaw 2026.9.6 sees on its own that a request is too long for the model.
const itsOwn = [
  /prompt (?:is )?too long|input is too long for (?:this|requested) model|input (?:is )?too long for (?:the )?model/i,
  /maximum context length|maximum prompt length is \d|exceeds max(?:imum)? length|exceeded model token limit/i,
  /exceeds the (?:model'?s )?(?:context window|maximum context)|exceeds model context window|context window exceeds limit/i,
  /exceeds the available context size|context size has been exceeded|exceeds (?:the )?maximum allowed input length of [\d,]+/i,
  /exceed context limit|max_tokens[\s\S]*exceed[\s\S]*context|greater than the context length|prompt has [\d,]+ tokens?, but/i,
  /input token count.*exceeds the maximum|input exceeds[\s\S]*maximum number of tokens|invalid_argument[\s\S]*maximum number of tokens/i,
  /longer than (?:the )?model'?s context length|reduce the length of the messages|tokens? in request more than max tokens? allowed/i,
  /too large for model with \d+ maximum context length|context[_ ]length[_ ]exceeded|context_window_exceeded|context[_ ]overflow/i,
  /request_too_large|request exceeds the maximum size|input length [\d,]+ tokens? exceeds the model limit/i,
  /上下文过长|上下文超出|上下文长度超|超出最大上下文|请压缩上下文/,
];

// Those of vLLM, of NVIDIA's endpoints and of LiteLLM by which it does not.
const others = [
  /prompt \(?(?:length|of length|length of) [\d,]+.{0,40}(?:longer|exceed)|longer than the maximum model length/i,
  /input length [\d,]+ exceeds (?:the )?(?:maximum|context)|model'?s context length is (?:only )?[\d,]+|reduce the length of the (?:input|prompt)/i,
  /max_tokens must be at least 1, got -|exceeds? (?:the )?(?:model'?s )?max(?:imum)?[ _]?(?:model|sequence|seq)[ _]?len|contextwindowexceeded/i,
];

/** Whether a text says that a request is too long for the model: in words by which the agent sees it, in others, or not at all. */
export function overflowIn(text: string): "its own words" | "other words" | undefined {
  if (itsOwn.some((words) => words.test(text))) return "its own words";
  return others.some((words) => words.test(text)) ? "other words" : undefined;
}
