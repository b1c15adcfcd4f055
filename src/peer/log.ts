/** The peer's log: one line an event to stderr, for people or as JSON. */
import pino from "pino";

export const logLevels = ["error", "warn", "info", "debug"] as const;
export type LogLevel = (typeof logLevels)[number] | "silent";

export interface Log {
  error(message: string): void;
  warn(message: string): void;
  info(message: string): void;
  debug(message: string): void;
}

/** A log that writes lines to `write`: `TIME LEVEL message`, or one JSON object a line. */
export function createLog(
  write: (line: string) => void,
  { level, json }: { readonly level: LogLevel; readonly json: boolean },
): Log {
  const stream = { write: json ? write : (line: string) => write(readableLine(line)) };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
  return {
    error: (message) => logger.error(message),
    warn: (message) => logger.warn(message),
    info: (message) => logger.info(message),
    debug: (message) => logger.debug(message),
  };
}

function readableLine(line: string): string {
  const { time, level, msg } = JSON.parse(line) as { time: string; level: string; msg: string };
  return `${time} ${level} ${msg}\n`;
}
