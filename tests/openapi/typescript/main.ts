// A bill is submitted, followed and fetched by nothing but what the document says.
import createClient from "openapi-fetch";
import type { paths } from "./schema";

declare const process: { argv: string[] };

const api = createClient<paths>({ baseUrl: process.argv[2] });
const said = await api.POST("/bills", {
  body: { day: "2026-01-31", lines: [{ name: "tea", amount: 3 }, { name: "cake", amount: 4 }] },
});
if (said.response.status !== 202 || said.data === undefined || !("jobId" in said.data)) throw new Error(JSON.stringify(said.error));
const params = { path: { job_id: said.data.jobId } };
let status: string = said.data.status;
while (status !== "completed") {
  const look = await api.GET("/jobs/{job_id}", { params: { ...params, header: { Prefer: "wait=5" } } });
  if (look.data === undefined) throw new Error(look.error.title);
  status = look.data.status;
}
const result = await api.GET("/jobs/{job_id}/result", { params });
console.log(JSON.stringify(result.data));
