/** What a client throws. */
import { isObject, type Problem } from "./representation.js";

/** The application refused the request. */
export class ApiError extends Error {
  override name = "ApiError";
  /** Of a submission: submitting again with this key gives the same job. */
  idempotencyKey?: string;

  constructor(
    readonly problem: Problem,
    /** HTTP status. */
    readonly status: number,
    where: string,
  ) {
    super(`${where}: ${status} ${problem.title}${problem.detail ? `: ${problem.detail}` : "."}`);
  }

  /** What an answer says, be it a problem document or not. */
  static async of(response: Response, where: string): Promise<ApiError> {
    let members: unknown;
    try {
      members = await response.json();
    } catch {
      members = {};
    }
    const known = { type: "about:blank", title: response.statusText || "No reason given", ...(isObject(members) ? members : {}) };
    return new ApiError({ ...known, status: response.status }, response.status, where);
  }

  /** An answer that the contract does not know. */
  static unexpected(response: Response, where: string, detail: string): ApiError {
    return new ApiError({ type: "about:blank", title: "Unexpected answer", status: response.status, detail }, response.status, where);
  }
}

/** No answer came, however often it was tried. */
export class Unreachable extends Error {
  override name = "Unreachable";
  /** Of a submission that may have been accepted: submit it again with this key to get its job, and no second one. */
  idempotencyKey?: string;
}

/** The job failed, and there is no result. */
export class JobFailed extends Error {
  override name = "JobFailed";

  constructor(readonly problem: Problem) {
    super(`${problem.title}${problem.detail ? `: ${problem.detail}` : ""}`);
  }
}

/** The job was cancelled, and there is no result. */
export class JobCancelled extends Error {
  override name = "JobCancelled";
}
