// Against a real application, at COATCHECK_URL.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError, Client, isLogLine, JobCancelled, JobFailed } from "../dist/index.js";

const headers = () => ({ Authorization: "Bearer adas-token" });
const api = new Client(process.env.COATCHECK_URL, { headers });

test("a job is submitted, followed and fetched", async () => {
  const job = await api.submit("/count", { steps: 5 });
  const percents = [];
  for await (const update of job) percents.push(update.percentComplete);
  assert.deepEqual(percents, percents.toSorted?.((a, b) => a - b) ?? percents);
  assert.equal(percents.at(-1), 100);
  assert.deepEqual(await job.result(), { counted: 5 });
  assert.equal(job.status, "completed");
});

test("log lines come in their place, each once", async () => {
  const job = await api.submit("/count", { steps: 3 });
  const lines = [];
  for await (const news of job.events()) if (isLogLine(news)) lines.push(news.message);
  assert.deepEqual(lines, ["step 1", "step 2", "step 3"]);
  const again = [];
  for await (const news of (await api.job(job.url)).events()) again.push(isLogLine(news) ? news.message : news.status);
  assert.deepEqual(again, ["step 1", "step 2", "step 3", "completed"]);
});

test("without streams it is the same", async () => {
  const job = await new Client(process.env.COATCHECK_URL, { headers, stream: false, pollInterval: 0.01 }).submit("/count", { steps: 3 });
  const lines = [];
  for await (const news of job.events()) if (isLogLine(news)) lines.push(news.message);
  assert.deepEqual(lines, ["step 1", "step 2", "step 3"]);
  assert.deepEqual(await job.result(), { counted: 3 });
});

test("a job is found by id and by URL", async () => {
  const job = await api.submit("/echo", { value: [1, null, "ü"] });
  for (const known of [job.id, job.url, job.representation.statusUrl]) assert.deepEqual(await (await api.job(known)).result(), [1, null, "ü"]);
  await assert.rejects(api.job("nonsense"), (error) => error instanceof ApiError && error.status === 404);
  const listed = [];
  for await (const each of api.jobs({ operation: "echo" })) listed.push(each.id);
  assert.ok(listed.includes(job.id));
});

test("the same key gives the same job", async () => {
  const key = crypto.randomUUID();
  const jobs = await Promise.all([1, 2, 3].map(() => api.submit("/echo", { value: 7 }, { idempotencyKey: key })));
  assert.equal(new Set(jobs.map((job) => job.id)).size, 1);
});

test("a job that failed says why", async () => {
  const job = await api.submit("/fail");
  await assert.rejects(job.result(), (error) => error instanceof JobFailed && error.problem.status === 422 && error.problem.title === "Account closed");
  assert.equal(job.representation.error.title, "Account closed");
  await assert.rejects(job.cancel(), (error) => error instanceof ApiError && error.status === 409);
  assert.equal((await job.retry()).status, "queued");
  await job.wait();
});

test("a running job is cancelled", async () => {
  const job = await api.submit("/endless");
  for await (const update of job) if (update.status === "running") break;
  assert.ok(["cancelling", "cancelled"].includes((await job.cancel()).status));
  await assert.rejects(job.result(), JobCancelled);
});

test("a refusal names what is wrong", async () => {
  await assert.rejects(api.submit("/count", { steps: "many" }), (error) => error.problem.errors[0].pointer === "/steps");
  await assert.rejects(new Client(process.env.COATCHECK_URL).submit("/count", { steps: 1 }), (error) => error.status === 401);
});

test("files go in a form, and come back as they are", async () => {
  const form = new FormData();
  form.set("file", new Blob(["hello"], { type: "text/plain" }), "letter.txt");
  const job = await api.submit("/copy", form);
  const copy = await job.result();
  assert.equal(await copy.text(), "hello");
  assert.equal(copy.type, "text/plain");
});

test("a ticket opens the events to a reader without credentials", async () => {
  const job = await api.submit("/count", { steps: 2 });
  await job.wait();
  const answer = await fetch(await job.ticket(), { headers: { Accept: "text/event-stream" } });
  assert.match(await answer.text(), /"status":"completed"/);
});

test("what is fire and forget leaves no job", async () => {
  await api.send("/forget", { text: "hello" });
  await assert.rejects(api.submit("/forget", { text: "hello" }), (error) => error.status === 400);
});
