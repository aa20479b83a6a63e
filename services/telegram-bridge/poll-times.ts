/** How long Telegram holds a poll that has nothing to say. A client that gives up sooner would see nothing but faults. */
export const pollSeconds = 30;

/** Telegram answers within a second; a connection that died without a word must not hold up a chat for minutes. */
export const callSeconds = 30;

/**
 * How old the last poll in the status file is only when something is wrong that the bridge itself does not tell. A poll has its
 * answer, or is given up, within both times together, and giving up is told at once as `lastError`, which stands there through
 * all waits between tries. Twice that, for a machine that is busy.
 */
export const silentSeconds = 2 * (pollSeconds + callSeconds);
