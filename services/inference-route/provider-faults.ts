// The words by which OpenClaw 2026.9.6 sees the provider's fault, puts it away for minutes or asks again for long.
const limits = [
  /billing|quota|insufficient|payment|credits?\b|balance\b|subscription|spend(?:ing)? limit|out of budget|current plan|extra usage/i,
  /rate.?limit|too many (?:concurrent )?requests|throttl|concurrency limit|resource.?exhausted|usage.?limit|\b[rt]p[md]\b|cooldown/i,
  /(?:tokens|requests) per (?:min|day|hour)|\b(?:daily|weekly|monthly)\b|频繁|频率|配额|额度|余额|欠费/i,
];

const others = [
  /api.?key|credential|authori[sz]|authenti|forbidden|permission|access denied|invalid.?token|expired|revoked|deactivat|has been disabled/i,
  /oauth|secret key|log.?in (?:fail|requir)|not allowed for|missing scope|overload|at capacity|unavailable|high (?:demand|load)/i,
  /server.?error|internal.?error|error occurred|unknown error|upstream|gateway|time.?out|timed.?out|deadline|was aborted|request failed/i,
  /network_error|terminated|(?:connection|network|unexpected|backend|provider.returned|websocket).?error|hang up|fetch failed/i,
  /(?:connection|stream|econn|enet).?reset|reset before|limit.{0,80}resets?\b|connection.?lost|other side closed|http2 request/i,
  // What asks for the same again; `try again` alone also asks for another request.
  /try again (?:in|after|at|later|soon|shortly)|retry.(?:after|delay|in|later)|(?:re)?try your request/i,
  /\be[a-z_]+(?:refused|timedout|unreach|notfound|aborted|hostdown)\b|\be(?:pipe|ai_again|hostdown)\b|und_err/i,
  /premature close|stream.{0,20}(?:closed|aborted|ended|disconnected|error)|without sending|malformed|incomplete|ended without/i,
  /reason: (?:error|abort)|modelnotready|\bce-011\b|router not found|stealth model|html>|certificate|"code"\s*:\s*1(?:113|311)\b/i,
  /model.{0,120}(?:not.?(?:found|supported|available)|deprecated)|deprecated[\s\S]*model|(?:unknown|invalid|supported) model|valid model|not.?found|no endpoints/i,
  /model[\s\S]*does not exist|does not exist[\s\S]*model|(?:session|conversation)(?: id)? (?:not|does|expired|invalid)/i,
  /invalid session|no (?:such session|conversation)|failed to (?:extract|parse|validate|decode)/i,
  /无权|认证|鉴权|密钥|违规|禁止|过载|负载|访问量|(?:服务器?|内部|系统|网络|连接)(?:错误|繁忙|异常)|超时|不可用|服务繁忙/,
];

// A number that stands where a status does. Elsewhere it counts tokens, or messages.
const status = [
  /^[\s:=#"'([]{0,6}(?!400|413|422)[45]\d\d\b/,
  /(?:http|status|response|code|error|(?:failed|responded) with)[\s:=#"'([\]]{0,6}(?!400|413|422)[45]\d\d\b/i,
  /(?:(?:returned|received|got)(?: an?)? |\()(?!400|413|422)[45]\d\d\b(?!\s*tokens)/i,
];

/** Whether a text speaks of limits for a time, or of money. */
export function speaksOfLimits(text: string): boolean {
  return limits.some((words) => words.test(text));
}

/** Whether the agent may take a text for the provider's fault by its words. */
export function speaksOfProvider(text: string): boolean {
  return speaksOfLimits(text) || others.some((words) => words.test(text));
}

/**
 * A text whose numbers the agent does not take for a status: it reads any 401 and 403 as one, and no 0401. Nothing where it has a
 * status.
 */
export function withoutStatus(text: string): string | undefined {
  if (status.some((number) => number.test(text))) return undefined;
  const told = text.replace(/(?<!\d[.,])\b(?=40[13]\b(?![.,]\d))/g, "0");
  return /\b40[13]\b/.test(told) ? undefined : told;
}
