// Streams as servers and what lies between break them up: a server of Node's, whose answers a test writes.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { ApiError, Client, isLogLine, Unreachable } from "../dist/index.js";

const CUT = Symbol("cut");
const OPEN = Symbol("open");
const servers = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

function state(message, status = "running") {
  return JSON.stringify({ jobId: "j", status, statusUrl: "/jobs/j", message, _links: { events: { href: "/jobs/j/events" } } });
}

function event(number, status = "running", message = String(number)) {
  return `id: ${number}\ndata: ${state(message, status)}\n\n`;
}

function line(number) {
  return `id: ${number}\nevent: log\ndata: {"level": "info", "message": "line ${number}", "at": "2026-01-01T00:00:00Z"}\n\n`;
}

/** A job whose streams are given one after another, and whose looks are the last state but one that is left. */
async function site({ streams = [], looks = [state("looked at")], rows = null }, options = {}) {
  const asked = [];
  const server = createServer(async (request, response) => {
    asked.push({ url: request.url, headers: request.headers });
    const answer = (status, type, body, headers = {}) => response.writeHead(status, { "Content-Type": type, ...headers }).end(body);
    if (request.headers.accept === "text/event-stream") {
      const stream = streams.shift();
      if (!Array.isArray(stream)) return answer(stream.status, stream.type ?? "text/plain", stream.body ?? "", stream.headers);
      response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8" }).flushHeaders();
      for (const piece of stream) {
        if (piece === CUT) return setImmediate(() => request.socket.destroy());
        if (piece === OPEN) return;
        await new Promise((done) => response.write(piece, done));
        await new Promise(setImmediate);
      }
      return response.end();
    }
    if (request.url.includes("/events")) return rows === null ? answer(404, "text/plain", "") : answer(200, "application/json", rows(request.url));
    return answer(200, "application/json", looks.length > 1 ? looks.shift() : looks[0], { "Retry-After": "0" });
  });
  servers.push(server);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const api = new Client(`http://127.0.0.1:${server.address().port}`, { pollInterval: 0.001, ...options });
  return { api, asked, server, job: await api.job("j") };
}

async function messages(updates) {
  const told = [];
  for await (const update of updates) told.push(update.message);
  return told;
}

for (const size of [1, 7, 100_000]) {
  for (const end of ["\n", "\r\n", "\r"]) {
    test(`events are read in pieces of ${size} bytes, lines ended by ${JSON.stringify(end)}`, async () => {
      const text = `: hello\n\nretry: 10\n\nevent: weather\ndata: rain\n\n${event(1, "running", "naïve – 納豆")}:\n\n${event(2, "completed")}`.replaceAll("\n", end);
      const bytes = Buffer.from(text);
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
      const { job } = await site({ streams: [pieces] });
      assert.deepEqual(await messages(job), ["looked at", "naïve – 納豆", "2"]);
    });
  }
}

test("a stream that is cut is taken up after the last whole event", async () => {
  const { job, asked } = await site({ streams: [[event(1) + event(2).slice(0, -1), CUT], [event(2), event(3, "completed")]] });
  assert.deepEqual(await messages(job), ["looked at", "1", "2", "3"]);
  assert.equal(asked.at(-1).url, "/jobs/j/events?after=1");
});

test("a stream that ends before the job does is taken up as well", async () => {
  const { job } = await site({ streams: [[event(1)], [event(2)], [event(3, "failed")]] });
  assert.deepEqual(await messages(job), ["looked at", "1", "2", "3"]);
});

test("a bare retry is no event", async () => {
  const { job } = await site({ streams: [[`retry: 1\n\n`, event(1), "id: 1\nretry: 1\n\n", event(2, "completed")]] });
  assert.deepEqual(await messages(job), ["looked at", "1", "2"]);
});

for (const answer of [
  { status: 404 },
  { status: 406, type: "application/problem+json", body: "{}" },
  { status: 200, type: "application/json", body: `{"items": []}` },
  { status: 200, type: "text/html", body: "<html>" },
  { status: 204 },
]) {
  test(`without a stream (${answer.status} ${answer.type ?? ""}) the job is looked at`, async () => {
    const { job, asked } = await site({ streams: [answer], looks: [state("1"), state("2"), state("3", "completed")] });
    assert.deepEqual(await messages(job), ["1", "2", "3"]);
    assert.equal(asked.filter(({ headers }) => headers.accept === "text/event-stream").length, 1);
  });
}

test("streams that bring nothing are given up, and a look follows each", async () => {
  const looks = [state("0"), state("1"), state("2"), state("3"), state("4", "completed")];
  const { job, asked } = await site({ streams: [[CUT], [], [": hello\n\n", CUT]], looks });
  assert.deepEqual(await messages(job), ["0", "1", "2", "3", "4"]);
  assert.equal(asked.filter(({ headers }) => headers.accept === "text/event-stream").length, 3);
});

test("a stream that is held back is waited for once", async () => {
  const { job } = await site({ streams: [[OPEN]], looks: [state("0"), state("1"), state("2", "completed")] }, { silence: 0.05 });
  assert.deepEqual(await messages(job), ["0", "1", "2"]);
});

test("a server with too many streams is looked at meanwhile", async () => {
  const full = { status: 503, type: "application/problem+json", body: "{}", headers: { "Retry-After": "0" } };
  const { job } = await site({ streams: [full, [event(5, "completed")]], looks: [state("0"), state("1")] });
  assert.deepEqual(await messages(job), ["0", "1", "5"]);
});

test("what is no stream of a job's events is left alone", async () => {
  const { job } = await site({ streams: [["data: [1]\n\n"]], looks: [state("0"), state("1", "completed")] });
  assert.deepEqual(await messages(job), ["0", "1"]);
});

test("log lines of the past come first, and each once", async () => {
  const rows = () => JSON.stringify({ items: [1, 2, 3, 5].map((seq) => ({ seq, type: seq % 2 ? "log" : "progress", at: "", reason: `line ${seq}` })) });
  const { job } = await site({ streams: [[event(4), line(5), line(5), event(6, "completed")]], rows });
  const told = [];
  for await (const news of job.events()) told.push(isLogLine(news) ? [news.message, news.level] : news.message);
  assert.deepEqual(told, ["looked at", ["line 1", null], ["line 3", null], "4", ["line 5", "info"], "6"]);
});

test("who has seen enough lets go of the connection", async () => {
  const { job, server } = await site({ streams: [[event(1), OPEN]] });
  for await (const update of job) if (update.message === "1") break;
  while (await new Promise((done) => server.getConnections((_, count) => done(count > 1)))) await new Promise(setImmediate);
});

test("a signal ends the waiting, wherever it is", async () => {
  for (const stream of [[OPEN], [event(1), OPEN], { status: 404 }]) {
    const { job } = await site({ streams: [stream] }, { pollInterval: 3600 });
    const gone = new AbortController();
    const waiting = assert.rejects(job.wait({ signal: gone.signal }), /enough/);
    setImmediate(() => gone.abort(new Error("enough")));
    await waiting;
  }
});

test("an end that a stream told is not undone by the answer to a cancel", async () => {
  const answers = {
    GET: (headers) =>
      headers.get("Accept") === "text/event-stream"
        ? new Response(event(2, "cancelled"), { headers: { "Content-Type": "text/event-stream" } })
        : new Response(state("1"), { headers: { "Content-Type": "application/json" } }),
    DELETE: async () => {
      await job.wait();
      return new Response(state("stopping", "cancelling"), { status: 202 });
    },
  };
  const api = new Client("https://api.example.com", { fetch: async (_, { method, headers }) => answers[method](headers) });
  const job = await api.job("j");
  assert.equal((await job.cancel()).status, "cancelled");
});

test("a server that stays away is unreachable", async () => {
  const { job, server } = await site({ streams: [[event(1), CUT]] }, { attempts: 2 });
  const updates = job[Symbol.asyncIterator]();
  await updates.next();
  await updates.next();
  server.close();
  server.closeAllConnections();
  await assert.rejects(updates.next(), Unreachable);
});

test("the headers of the application are for its origin alone", async () => {
  const other = await site({ streams: [[event(1, "completed")]] });
  const elsewhere = `http://localhost:${other.server.address().port}/jobs/j/events`;
  const { job, asked } = await site({ looks: [state("0").replace("/jobs/j/events", elsewhere)] }, { headers: async () => ({ "X-Api-Key": "secret" }) });
  assert.deepEqual(await messages(job), ["0", "1"]);
  assert.equal(asked[0].headers["x-api-key"], "secret");
  assert.equal(other.asked.at(-1).headers["x-api-key"], undefined);
});

test("a request is sent again with its key until it is answered", async () => {
  const keys = [];
  const server = createServer((request, response) => {
    keys.push(request.headers["idempotency-key"]);
    if (keys.length === 1) return request.socket.destroy();
    if (keys.length === 2) return response.writeHead(503, { "Retry-After": "0" }).end();
    response.writeHead(202, { Location: "/jobs/j", "Content-Type": "application/json" }).end(state("accepted"));
  });
  servers.push(server);
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const api = new Client(`http://127.0.0.1:${server.address().port}/`);
  const job = await api.submit("/reports", { year: 2024 });
  assert.equal(job.representation.message, "accepted");
  assert.equal(new Set(keys).size, 1);
  assert.equal(keys.length, 3);
  keys.length = 0;
  await assert.rejects(api.send("/notes", {}), Unreachable);
  assert.equal(keys.length, 1);
});

test("a page that came over plain HTTP submits, too", async (context) => {
  context.mock.getter(globalThis, "crypto", () => ({ getRandomValues: (bytes) => bytes.fill(10) })); // that is all it has of it
  const keys = [];
  const accepted = { status: 202, headers: { Location: "/jobs/j" } };
  const answer = async (_, { headers }) => keys.push(headers.get("Idempotency-Key")) && new Response(state("accepted"), accepted);
  await new Client("http://intranet.example", { fetch: answer }).submit("/reports", {});
  assert.deepEqual(keys, [`"${"0a".repeat(16)}"`]);
});

test("an answer that shows no job is an ApiError", async () => {
  const { api } = await site({ looks: [`{"hello": "world"}`] }).catch((error) => assert.ok(error instanceof ApiError) ?? { api: null });
  assert.equal(api, null);
});

test("who is told of the end stands in the query", async () => {
  const asked = [];
  const answer = async (url) => asked.push(url.href) && new Response(state("accepted"), { status: 202, headers: { Location: "/jobs/j" } });
  await new Client("https://api.example.com/v1/", { fetch: answer }).submit("/reports", {}, { webhookUrl: "https://shop.example.com/?id=7" });
  assert.deepEqual(asked, ["https://api.example.com/v1/reports?webhookUrl=https%3A%2F%2Fshop.example.com%2F%3Fid%3D7"]);
});

test("a key that cannot be sent is refused", async () => {
  const { api } = await site({});
  for (const key of ["", "schlüssel", "k".repeat(256)]) await assert.rejects(api.submit("/reports", {}, { idempotencyKey: key }), RangeError);
});

test("a base URL that is none is refused", () => {
  for (const url of ["", "/api", "localhost:8000", "ftp://example.com"]) assert.throws(() => new Client(url), /^TypeError: baseUrl .*: give the/);
});
