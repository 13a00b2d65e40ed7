/** What the application says of its jobs. */

export type Status = "queued" | "running" | "cancelling" | "completed" | "failed" | "cancelled";

/** Something that can be done with the job now. */
export interface Link {
  href: string;
  method: string;
}

/** How far a run is, in units of its own. */
export interface ProgressDetail {
  current: number | null;
  total: number | null;
  unit: string | null;
}

/** A problem document (RFC 9457); each kind has members of its own beside these. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
  [member: string]: unknown;
}

/** A job. Timestamps are RFC 3339, in UTC; what is absent is null. */
export interface Representation {
  jobId: string;
  operation: string;
  status: Status;
  /** 0 to 100; null while unknown. Never goes down within an attempt. */
  percentComplete: number | null;
  /** The last thing that the run said. */
  message: string | null;
  progressDetail: ProgressDetail | null;
  createdAt: string | null;
  startedAt: string | null;
  completedAt: string | null;
  notBefore: string | null;
  expiresAt: string | null;
  cancelRequestedAt: string | null;
  suggestedNextPollTime: string | null;
  estimatedCompletionTime: string | null;
  /** Jobs ahead, while queued. */
  queuePosition: number | null;
  attempt: number;
  maxAttempts: number;
  /** The result of a completed job, where it is JSON and small. */
  result: unknown;
  resultUrl: string | null;
  /** Why it failed. */
  error: Problem | null;
  statusUrl: string;
  _links: Record<string, Link>;
}

/** What a run wrote about itself. */
export interface LogLine {
  message: string;
  at: string;
  /** Null where the application did not say: lines of the past are read from the history, which has none. */
  level: string | null;
}

/** Whether it is a log line that `job.events()` gave, and not how the job stands. */
export function isLogLine(news: Representation | LogLine): news is LogLine {
  return !("jobId" in news);
}

/** Whether the job has ended. */
export function isOver(job: Representation): boolean {
  return job.status === "completed" || job.status === "failed" || job.status === "cancelled";
}

/** A representation that was sent. Throws SyntaxError for what is none. */
export function read(text: string): Representation {
  const sent: unknown = JSON.parse(text);
  if (!isObject(sent) || typeof sent["jobId"] !== "string" || typeof sent["status"] !== "string" || typeof sent["statusUrl"] !== "string") {
    throw new SyntaxError("That is no representation of a job.");
  }
  return { _links: {}, ...sent } as unknown as Representation;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
