/** Errors as they cross threads and reach the user: a code, a sentence, and what to do next. */
import { asUserError, UserError } from "#core/messages";
import type { ErrorInfo } from "#protocol";

type Code = UserError["code"];
type Holes = UserError["holes"];

/** An error that is already in the user's words, rebuilt on this side of a thread border. */
export class CodedError extends Error {
  override readonly name = "CodedError";
  constructor(readonly info: ErrorInfo) {
    super(info.message);
  }
}

/** A coded error of the editor itself. The code has a row in the compiler's table of messages. */
export function coded(code: Code, holes: Holes = {}): CodedError {
  return new CodedError(toErrorInfo(new UserError(code, {}, holes)));
}

/** Any thrown value as the user reads it. */
export function toErrorInfo(thrown: unknown): ErrorInfo {
  if (thrown instanceof CodedError) return thrown.info;
  const error = asUserError(thrown);
  return { code: error.code, message: error.message, next: error.next };
}

/** The one line that notifications and the log show. */
export const errorLine = (info: ErrorInfo): string => `error[${info.code}]: ${info.message}; ${info.next}`;

/** The error of something the user called off: never shown. */
export const cancelled = (): CodedError => coded("cancelled");
export const isCancelled = (thrown: unknown): boolean => thrown instanceof CodedError && thrown.info.code === "cancelled";
