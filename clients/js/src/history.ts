/** What a job's runs wrote about themselves, as its history has it. */
import { ApiError } from "./errors.js";
import { ask, findLink } from "./exchange.js";
import type { Manners } from "./manners.js";
import { isObject, type LogLine } from "./representation.js";
import { JSON_ONLY } from "./seen.js";

interface Row {
  seq: number;
  type: string;
  at: string;
  reason: string | null;
}

/** The events after the one numbered `after`, with what they log, if anything; none where there is no such history under `url`. */
export async function* history(
  manners: Manners,
  url: URL,
  after: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ seq: number; line: LogLine | null }, void, undefined> {
  let page: URL | null = new URL(url);
  page.searchParams.set("after", String(after));
  page.searchParams.set("limit", "1000");
  try {
    while (page !== null) {
      const { response, text } = await ask(manners, { method: "GET", url: page, headers: JSON_ONLY, signal });
      for (const { seq, type, at, reason } of rows(text)) yield { seq, line: type === "log" ? { message: reason ?? "", at, level: null } : null };
      const following = findLink(response, "next");
      page = following === null ? null : new URL(following, page);
    }
  } catch (error) {
    if (!(error instanceof ApiError || error instanceof SyntaxError)) throw error;
  }
}

/** A log line, as a stream tells it. Throws SyntaxError for what is none. */
export function readLine(data: string): LogLine {
  const sent: unknown = JSON.parse(data);
  if (!isObject(sent) || typeof sent["message"] !== "string") throw new SyntaxError("That is no log line.");
  return { message: sent["message"], at: String(sent["at"]), level: sent["level"] == null ? null : String(sent["level"]) };
}

function rows(text: string): Row[] {
  const page: unknown = JSON.parse(text);
  if (!isObject(page) || !Array.isArray(page["items"])) throw new SyntaxError("That is no history.");
  return page["items"] as Row[];
}
